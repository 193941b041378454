"""Packages that depend on a version of Condense, from a Git repository."""

import json
import re
import shutil

from attacks.workspace import require

from .place import held

APP = {
    "Package.swift": """// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "Viewer",
  platforms: [.macOS(.v15)],
  dependencies: [.package(url: "ADDRESS", from: "0.1.0")],
  targets: [.executableTarget(name: "Viewer", dependencies: [.product(name: "CondensedModel", package: "condense")])]
)
""",
    "Sources/Viewer/main.swift": """import CondensedModel
import Foundation

let model = try CondensedModel(contentsOf: URL(filePath: CommandLine.arguments[1]))
for name in model.tensorNames { print(name, try model.floats(of: name).count) }
""",
}


def library(place):
    """An app that links only CondensedModel, from a tag, compiles no HTTP, SQLite or YAML"""
    url, app = tagged(place), place.folder / "Viewer"
    for path, text in APP.items():
        (app / path).parent.mkdir(parents=True, exist_ok=True)
        (app / path).write_text(text.replace("ADDRESS", url))
    built = fresh(place, app, "build", scratch="viewer-build").expect().expect_not("unsafe")
    # SwiftPM compiles the plugins of all packages, which are a few files each.
    modules = set(re.findall(r"(?m)^\[\d+/\d+\] (?:Compiling|Emitting module) (?!plugin )(\w+)", built.output))
    needed = {"CondensedModel", "CCoders", "CProcessor", "CondenseCodecs", "CondenseTensors", "Viewer"}
    require(modules == needed, f"not these but {', '.join(sorted(modules))} are compiled:\n{built.output}")
    held(f"{', '.join(sorted(needed))} are all that is compiled, in {built.seconds:.0f} s")
    held(f"resolved: {', '.join(resolved(place, 'viewer-build'))}")
    run = place.run([place.folder / "viewer-build/debug/Viewer", place.app / "build/digits.condensed"], app)
    run.expect(r"fc1.weight 16384")


def tag(place):
    """A package that depends on a tag builds its models and itself as one does that depends on a path"""
    url, app = tagged(place), place.clone / "Examples" / "TaggedApp"
    shutil.rmtree(app, ignore_errors=True)
    shutil.copytree(place.app, app, ignore=shutil.ignore_patterns(".build", "build", ".condense", "Package.resolved"))
    manifest = app / "Package.swift"
    path = '.package(name: "condense", path: "../..")'
    require(path in manifest.read_text(), "the example depends on something else")
    manifest.write_text(manifest.read_text().replace(path, f'.package(url: "{url}", from: "0.1.0")'))
    try:
        first = fresh(place, app, "package", "--allow-writing-to-package-directory", "compress-models", scratch="tagged-build")
        first.expect(r"→ build/digits.condensed").expect_not("unsafe")
        again = place.compress(app, scratch="tagged-build").expect("all cached").expect_not(r"(?i)compil|\[\d+/\d+\]")
        held(f"compress-models: {first.seconds:.0f} s, then {again.seconds:.1f} s and all cached")
        place.swift(app, "build", scratch="tagged-build").expect().expect_not("unsafe")
        place.swift(app, "test", scratch="tagged-build").expect(r"3 tests.* passed")
        held("swift build and swift test")
        names = resolved(place, "tagged-build")
        declared = {"condense", "swift-argument-parser", "grdb.swift", "swift-nio", "swift-log"}
        # What swift-nio itself cannot do without.
        needed = declared | {"swift-atomics", "swift-collections", "swift-system"}
        require(set(names) <= needed, f"more is resolved than is needed: {set(names) - needed}")
        held(f"resolved: {', '.join(names)}")
    finally:
        shutil.rmtree(app, ignore_errors=True)


def tagged(place):
    """The address of a bare repository of the clone's commit, tagged as version 0.1.0."""
    repository = place.folder / "condense.git"
    shutil.rmtree(repository, ignore_errors=True)
    place.git("clone", "-q", "--bare", place.clone, repository, folder=place.folder)
    place.git("tag", "0.1.0", folder=repository)
    return repository.as_uri()


def fresh(place, package, verb, *arguments, scratch):
    """As from nothing: nothing built, and no copy of the repository that SwiftPM keeps for all of a user's packages."""
    shutil.rmtree(place.folder / scratch, ignore_errors=True)
    (package / "Package.resolved").unlink(missing_ok=True)
    return place.swift(
        package, verb, "--cache-path", place.folder / "cache", *arguments, scratch=scratch)


def resolved(place, scratch):
    state = json.loads((place.folder / scratch / "workspace-state.json").read_text())
    return sorted(dependency["packageRef"]["identity"] for dependency in state["object"]["dependencies"])


STEPS = [library, tag]
