import Foundation
import Weights

let layers = try Layers(contentsOf: URL(filePath: CommandLine.arguments.dropFirst().first ?? "build/digits.condensed"))
for layer in 1...3 { print("layer \(layer): \(try layers.weights(ofLayer: layer).count) weights") }
