"""Packages of one repository that share a base and a model."""

import re

from attacks.workspace import require

from .place import held, replaced


def monorepo(place):
    """Pipelines of two packages that begin alike run that once in all; --since names what an edit touches"""
    # Nothing in this store has been pruned yet.
    store = {"CONDENSE_CACHE_DIR": str(place.folder / "monorepo-store")}
    place.run(["rm", "-rf", store["CONDENSE_CACHE_DIR"]], place.folder).expect()
    phone = place.compress(place.monorepo / "Phone", environment=store).expect(r"prune .* \d+ ran, 0 cached")
    tablet = place.compress(place.monorepo / "Tablet", environment=store)
    tablet.expect(r"(?m)^ *prune .* cached$", r"(?m)^ *cluster .* \d+ ran, 0 cached").expect_not(r"prune .* [1-9]\d* ran")
    held(f"Phone's {row(phone, 'prune')}; Tablet's {row(tablet, 'prune')}")
    place.condense(place.monorepo, "build", environment=store).expect(r"all cached|\b0 ran")
    held("condense build in the folder of them all runs nothing again")
    for package in ("Phone", "Tablet"):
        place.swift(place.monorepo / package, "run", package).expect(r"layer 3: 1280 weights")
    held("both load theirs with what the third has")
    edits = {
        "Tablet/pipelines/tablet.yaml": ({"tablet"}, replaced("[5]", "[6]")),
        "common/digits.yaml": ({"phone", "tablet"}, replaced("0.8", "0.7")),
        "README.md": (set(), replaced("Packages", "Parcels")),
    }
    for path, (names, change) in edits.items():
        with place.edited(place.monorepo / path, change):
            since = place.condense(place.monorepo, "build", "--dry-run", "--since", "HEAD", environment=store).expect()
            named = {name for name in ("phone", "tablet") if name + "[" in since.output}
            require(named == names, f"--since after an edit of {path} names {named}:\n{since.output}")
            tablet = place.compress(place.monorepo / "Tablet", "--since", "HEAD", "--dry-run", environment=store)
            (tablet.expect if "tablet" in names else tablet.expect_not)(r"tablet\[")
        held(f"--since, {path} edited: {', '.join(sorted(names)) or 'nothing'}")


def row(result, stage):
    return re.sub(r"\s+", " ", re.search(rf"(?m)^ *{stage} .*$", result.output)[0].strip())


STEPS = [monorepo]
