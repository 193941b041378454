"""What `swift package compress-models` says where it cannot do its work."""

import shutil

from attacks.workspace import Skipped

from .place import held

MANIFEST = """// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Bare",
  dependencies: [DEPENDENCIES],
  targets: [.target(name: "Bare")]
)
"""
OTHER = {
    "Package.swift": """// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "other",
  products: [.plugin(name: "Other", targets: ["Other"])],
  targets: [
    .plugin(
      name: "Other", capability: .command(intent: .custom(verb: "compress-models", description: "Something else.")))
  ]
)
""",
    "Plugins/Other/Other.swift": """import PackagePlugin

@main struct Other: CommandPlugin {
  func performCommand(context: PluginContext, arguments: [String]) { print("the other one") }
}
""",
}
# Runs a command where there is no yaml.h: all headers but that one, as they were, in a mount that only it sees.
HIDDEN = """
set -e
mkdir -p "$1/include"
mount --bind /usr/include "$1/include"
mount -t tmpfs none /usr/include
for name in "$1"/include/*; do
  [ "${name##*/}" = yaml.h ] || ln -s "$name" /usr/include/
done
shift
exec "$@"
"""


def refusals(place):
    """It says what to do where there are no pipelines, no such target, no permission"""
    bare = package(place, f'.package(name: "condense", path: "{place.clone}")')
    place.compress(bare).expect(r"Bare has no folder 'pipelines'; make it", "--pipelines DIR", status=1)
    place.compress(bare, "--target", "Bear").expect(r"no target 'Bear' in Bare; its targets are Bare", status=1)
    place.compress(bare, "--target", "Bare").expect(r"no folder '.*Sources/Bare/pipelines'; make it", status=1)
    held("no pipelines, no such target: what is missing, and what to name")
    place.swift(place.app, "package", "compress-models").expect("--allow-writing-to-package-directory", status=1)
    held("no permission: the flag that gives it")


def verbs(place):
    """Where another dependency has the verb too, --package says which is meant"""
    other = place.folder / "other"
    for path, text in OTHER.items():
        (other / path).parent.mkdir(parents=True, exist_ok=True)
        (other / path).write_text(text)
    bare = package(
        place, f'.package(name: "condense", path: "{place.clone}"), .package(name: "other", path: "{other}")')
    place.compress(bare).expect("2 plugins found for .compress-models", status=None)
    held("SwiftPM says that it finds two")
    ours = ("package", "--allow-writing-to-package-directory", "--package")
    place.swift(bare, *ours, "condense", "compress-models").expect("Bare has no folder 'pipelines'", status=1)
    place.swift(bare, *ours, "other", "compress-models").expect("the other one")
    held("with --package each of them runs")


def libraries(place):
    """Where libyaml is missing it says how to install it"""
    hidden, scratch = place.folder / "hidden", "hidden-build"
    shutil.rmtree(place.folder / scratch, ignore_errors=True)
    prefix = ["unshare", "-rm", "sh", "-c", HIDDEN, "sh", hidden]
    try:
        if place.run([*prefix, "true"], place.folder).status != 0:
            raise Skipped("this user may not mount anything for one process")
    except FileNotFoundError:
        raise Skipped("there is no unshare") from None
    missing = place.run(
        [*prefix, "swift", "package", "--scratch-path", place.folder / scratch, "--allow-writing-to-package-directory",
         "compress-models"], place.app, {"PKG_CONFIG_LIBDIR": str(hidden / "none")})
    missing.expect(r"libyaml is missing; install it with 'apt-get install libyaml-dev'", status=1)
    held(f"said after {missing.seconds:.0f} s")


def package(place, dependencies):
    folder = place.folder / "Bare"
    (folder / "Sources/Bare").mkdir(parents=True, exist_ok=True)
    (folder / "Package.swift").write_text(MANIFEST.replace("DEPENDENCIES", dependencies))
    (folder / "Sources/Bare/Bare.swift").write_text("")
    return folder


STEPS = [refusals, verbs, libraries]
