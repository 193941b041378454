/// Shard indices beside `m.safetensors`, which holds `w` and `b`, and `n.safetensors`, which holds `v`.
extension MalformedModel {
  private static func index(_ title: String, _ json: String, _ message: String, at offset: Int?) -> MalformedModel {
    MalformedModel(title, Array(json.utf8), message, at: offset)
  }

  /// An index whose map is all that is wrong.
  private static func map(_ title: String, _ members: String, _ message: String, at offset: Int?) -> MalformedModel {
    index(title, "{\"weight_map\":{\(members)}}", message, at: offset)
  }

  static let shardIndices: [MalformedModel] = [
    index("nothing", "", "expected '{' in the index, found the end", at: 0),
    index("no object", "[]", "expected '{' in the index, found '['", at: 0),
    index("no JSON", "model: m.safetensors", "expected '{' in the index, found 'm'", at: 0),
    index("no map", "{\"metadata\":{}}", "the index has no 'weight_map'", at: 15),
    index("an object that does not end", "{\"metadata\":{}", "expected '}' or ',' in the index, found the end", at: 14),
    index("a map that is a list", "{\"weight_map\":[]}", "expected '{' in 'weight_map', found '['", at: 14),
    index("two maps", "{\"weight_map\":{},\"weight_map\":{}}", "'weight_map' is there twice", at: 17),
    index("something behind the object", "{\"weight_map\":{}} x", "something follows the index's '}'", at: 18),
    index("a comma before the brace", "{\"weight_map\":{},}", "expected a name in double quotes, found '}'", at: 17),
    index(
      "lists in each other", "{\"x\":\(String(repeating: "[", count: 100))}", "values are nested too deeply", at: 37),
    index("objects in each other", String(repeating: "{\"x\":", count: 100), "values are nested too deeply", at: 165),
    index("a word that is no value", "{\"x\":nil}", "expected a value, found 'n'", at: 5),
    index("not a number", "{\"x\":NaN}", "expected a value, found 'N'", at: 5),
    index("a number with a plus", "{\"x\":+1}", "expected a value, found '+'", at: 5),
    index("a number with a zero too many", "{\"x\":01}", "expected '}' or ',' in the index, found '1'", at: 6),
    index("a number that ends in a point", "{\"x\":1.}", "expected a digit, found '}'", at: 7),
    index("an exponent without digits", "{\"x\":1e+}", "expected a digit, found '}'", at: 8),
    index("only a sign", "{\"x\":-}", "expected a digit, found '}'", at: 6),
    index("an array that does not end", "{\"x\":[1,2", "expected ']' or ',' in an array, found the end", at: 9),
    index("a comment", "{/* tensors */}", "expected a name in double quotes, found '/'", at: 1),
    map("a shard that is a number", "\"w\":1", "expected a shard's file name in double quotes, found '1'", at: 19),
    map("a tensor twice", "\"w\":\"m.safetensors\",\"w\":\"n.safetensors\"", "tensor \"w\" is there twice", at: 35),
    map(
      "a shard in the folder above", "\"w\":\"../m.safetensors\"", "shard '../m.safetensors' is no plain file name",
      at: 15),
    map("a shard by its full path", "\"w\":\"/etc/passwd\"", "shard '/etc/passwd' is no plain file name", at: 15),
    map(
      "a shard in a folder below", "\"w\":\"a/m.safetensors\"", "shard 'a/m.safetensors' is no plain file name", at: 15),
    map("a shard without a name", "\"w\":\"\"", "shard '' is no plain file name", at: 15),
    map("the folder itself", "\"w\":\".\"", "shard '.' is no plain file name", at: 15),
    map(
      "a shard that is not there", "\"w\":\"m.safetensors\",\"b\":\"m.safetensors\",\"u\":\"o.safetensors\"",
      "shard 'o.safetensors' is missing", at: 55),
    map(
      "a tensor that no shard has", "\"w\":\"m.safetensors\",\"b\":\"m.safetensors\",\"u\":\"m.safetensors\"",
      "tensor 'u' is not in 'm.safetensors', where the index has it", at: 55),
    map(
      "a tensor in another shard", "\"w\":\"m.safetensors\",\"b\":\"n.safetensors\",\"v\":\"n.safetensors\"",
      "tensor 'b' is in 'm.safetensors', but the index has it in 'n.safetensors'", at: 35),
    map(
      "a tensor that the index does not have", "\"w\":\"m.safetensors\"",
      "tensor 'b' is in 'm.safetensors', but the index has it nowhere", at: nil),
  ]
}
