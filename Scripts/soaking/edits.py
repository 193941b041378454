"""What people and their tools do to files: each edit in the ways in which editors, shells and downloads write."""

import os
import shutil
import threading
import time

from .garden import BASES, CONFIGURATION, MODELS, VARIANTS


def write(path, data, style, pause=0.0):
    """Puts `data` into the file as some program would."""
    beside = path.with_name(path.name + ".part")
    if style == "in place":
        path.write_bytes(data)
    elif style == "in pieces":
        with open(path, "wb") as file:
            for start in range(0, len(data), len(data) // 3 + 1):
                file.write(data[start:start + len(data) // 3 + 1])
                file.flush()
                time.sleep(pause)
    elif style == "renamed":
        beside.write_bytes(data)
        os.replace(beside, path)
    elif style == "vim":
        # It tries whether it may write to the folder, keeps the old file aside, and writes a new one.
        probe, backup = path.with_name("4913"), path.with_name(path.name + "~")
        probe.write_bytes(b"")
        probe.unlink()
        if path.exists():
            os.rename(path, backup)
        path.write_bytes(data)
        backup.unlink(missing_ok=True)
    elif style == "emacs":
        lock = path.with_name(".#" + path.name)
        os.symlink("somebody@somewhere.1", lock)
        if path.exists():
            shutil.copy2(path, path.with_name(path.name + "~"))
        path.write_bytes(data)
        lock.unlink()
    elif style == "linked":
        beside.write_bytes(data)
        path.unlink(missing_ok=True)
        os.link(beside, path)
        beside.unlink()
    else:
        # A clock that was wrong, an archive that was unpacked.
        path.write_bytes(data)
        wrong = time.time() + (400 * 86400 if style == "dated ahead" else -400 * 86400)
        os.utime(path, (wrong, wrong))


STYLES = ["in place", "in pieces", "renamed", "vim", "emacs", "linked", "dated ahead", "dated back"]
BAD = {
    "no YAML": lambda text: text + "\nstages: [oops\n",
    "unknown stage": lambda text: text.replace("huffman", "hufman").replace("entropy", "entropi"),
    "no model": lambda text: text.replace("models/", "nowhere/").replace("pipeline: ", "pipeline: no-"),
    "empty": lambda text: "",
    "zeros": lambda text: "\0" * 4096,
    "half": lambda text: text[:len(text) // 2],
}


class Edits:
    def __init__(self, garden, generator, pause):
        self.garden, self.generator, self.root, self.pause = garden, generator, garden.root, pause
        self.counts = {}
        # The last edits, for who has to find out what went wrong.
        self.journal = []
        self.number = 0
        self.writers = []
        self.kinds = {
            "parameter edited": (30, self.parameter), "ten pipelines at once": (2, self.checkout),
            "model rewritten": (8, self.model), "model held open": (3, self.hold_model), "base edited": (4, self.base), "bad pipeline": (8, self.bad_pipeline),
            "bad model": (3, self.bad_model), "mended": (14, self.mend), "pipeline renamed": (5, self.rename),
            "pipeline deleted": (3, self.delete), "model deleted": (2, self.delete_model),
            "folder moved": (3, self.move_folder), "folder deleted": (1, self.delete_folder),
            "link retargeted": (6, self.retarget), "touched": (2, self.touch), "copied pipeline": (2, self.copy),
            "output deleted": (1, self.delete_output), "models' folder swapped": (2, self.swap_models),
            "configuration edited": (1, self.configuration),
        }

    def once(self):
        """One edit; where the disk is full or read-only it may come to half of what it should."""
        names = list(self.kinds)
        name = self.generator.choices(names, [self.kinds[name][0] for name in names])[0]
        self.run(name, self.kinds[name][1])

    def run(self, name, edit):
        try:
            what = edit()
        except OSError as error:
            name, what = "edits refused by the system", f"{name}: {error}"
        self.counts[name] = self.counts.get(name, 0) + 1
        self.journal = (self.journal + [f"{name}: {what}"])[-25:]

    def _write(self, path, data):
        style = self.generator.choice(STYLES)
        write(path, data, style, self.generator.uniform(0, self.pause))
        return f"{path.relative_to(self.root)} {style}"

    def parameter(self):
        slot = self.garden.slot()
        slot.vary(self.generator)
        (self.root / slot.file).parent.mkdir(parents=True, exist_ok=True)
        return self._write(self.root / slot.file, slot.text().encode())

    def checkout(self):
        for slot in self.generator.sample(self.garden.slots, 10):
            slot.vary(self.generator)
            (self.root / slot.file).unlink(missing_ok=True)
            self.garden.plant(slot)
        return "unlinked and written"

    def model(self):
        path = self.generator.choice(self.garden.model_paths())
        path.parent.mkdir(parents=True, exist_ok=True)
        return self._write(path, self.generator.choice(self.garden.models))

    def hold_model(self):
        """A download: begun, and gone on with while other things happen."""
        path, data = self.generator.choice(self.garden.model_paths()), self.generator.choice(self.garden.models)
        pauses = [self.generator.uniform(0, 1.2) for _ in range(3)]

        def download():
            try:
                with open(path, "wb") as file:
                    for number, pause in enumerate(pauses):
                        part = len(data) // len(pauses) + 1
                        file.write(data[number * part:(number + 1) * part])
                        file.flush()
                        time.sleep(pause)
            except OSError:
                pass

        self.writers.append(threading.Thread(target=download))
        self.writers[-1].start()
        return path.name

    def finish(self):
        """Waits for what still writes."""
        for writer in self.writers:
            writer.join()
        self.writers = []

    def base(self):
        number = self.generator.randrange(len(BASES))
        return self._write(self.root / f"bases/base{number}.yaml",
                           BASES[number].format(bits=self.generator.randrange(2, 6)).encode())

    def bad_pipeline(self):
        slot, kind = self.garden.slot(), self.generator.choice(list(BAD))
        (self.root / slot.file).parent.mkdir(parents=True, exist_ok=True)
        return kind + ": " + self._write(self.root / slot.file, BAD[kind](slot.text()).encode())

    def bad_model(self):
        path, data = self.generator.choice(self.garden.model_paths()), self.garden.models[0]
        return self._write(path, data[:self.generator.choice([0, 7, 100, len(data) // 2, len(data) - 1])])

    def mend(self):
        """Whatever is not as it was written last."""
        count = 0
        for slot in self.garden.slots:
            path = self.root / slot.file
            if not path.exists() or path.read_bytes() != slot.text().encode():
                self.garden.plant(slot)
                count += 1
        for path in self.garden.model_paths():
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists() or path.stat().st_size != len(self.garden.models[0]):
                path.write_bytes(self.generator.choice(self.garden.models))
                count += 1
        for copy in (self.root / "pipelines").rglob("copy-*.yaml"):
            copy.unlink()
        return f"{count} files"

    def rename(self):
        slot = self.garden.slot()
        self.number += 1
        before, slot.file = slot.file, f"{slot.folder}/{slot.name}-{self.number % 3}.yaml"
        if slot.name == slot.other:
            slot.file = f"{slot.folder}/{slot.name}.yaml"
        os.rename(self.root / before, self.root / slot.file)
        return f"{before} to {slot.file}"

    def delete(self):
        slot = self.garden.slot()
        (self.root / slot.file).unlink()
        return slot.file

    def delete_model(self):
        path = self.generator.choice(self.garden.model_paths())
        path.unlink()
        return path.name

    def move_folder(self):
        """A folder of pipelines under another name, and what is in it with it."""
        folders = sorted({slot.folder for slot in self.garden.slots if slot.folder != "pipelines"})
        before = self.generator.choice(folders)
        self.number += 1
        after = f"pipelines/moved{self.number}"
        os.rename(self.root / before, self.root / after)
        for slot in self.garden.slots:
            if slot.folder == before:
                slot.folder, slot.file = after, slot.file.replace(before + "/", after + "/")
        return f"{before} to {after}"

    def delete_folder(self):
        """And made again at once, or by the next mending."""
        slot = self.generator.choice([slot for slot in self.garden.slots if slot.folder != "pipelines"])
        shutil.rmtree(self.root / slot.folder)
        if self.generator.random() < 0.5:
            for other in self.garden.slots:
                if other.folder == slot.folder:
                    self.garden.plant(other)
        return slot.folder

    def retarget(self):
        """As `ln -sfn` does, or with a moment without a link."""
        name, target = self.generator.choice([
            ("current.safetensors", self.generator.choice(MODELS)),
            ("picked", self.generator.choice(["zoo-a", "zoo-b"]))])
        link = self.root / "models" / name
        if self.generator.random() < 0.5:
            new = link.with_name("link.new")
            new.unlink(missing_ok=True)
            os.symlink(target, new)
            os.replace(new, link)
        else:
            link.unlink(missing_ok=True)
            os.symlink(target, link)
        return f"{name} to {target}"

    def touch(self):
        slot = self.garden.slot()
        os.utime(self.root / slot.file)
        return slot.file

    def copy(self):
        """Two files that make the same output, until the copy goes again."""
        slot = self.garden.slot()
        copy = (self.root / slot.file).with_name(f"copy-{slot.name}.yaml")
        if copy.exists():
            copy.unlink()
        else:
            shutil.copy2(self.root / slot.file, copy)
        return copy.name

    def delete_output(self):
        """Nobody watches outputs: it comes back with the next build, so an edit follows."""
        outputs = sorted(path for path in (self.root / "build").iterdir() if path.suffix == ".condensed")
        self.generator.choice(outputs).unlink()
        return self.parameter()

    def swap_models(self):
        """A folder that is renamed away, with another in its place."""
        zoo, other = self.root / "models/zoo", self.root / "models/zoo-away"
        os.rename(zoo, other)
        if self.generator.random() < 0.5:
            os.rename(other, zoo)
        else:
            shutil.copytree(other, zoo)
            shutil.rmtree(other)
            (zoo / "z0.safetensors").write_bytes(self.garden.models[self.generator.randrange(VARIANTS)])
        return "zoo"

    def configuration(self):
        path = self.root / "condense.yaml"
        ignored = self.generator.choice(["", "ignore: [group1]\n", "ignore: ['p1*.yaml']\n"])
        return self._write(path, (CONFIGURATION + ignored).encode())
