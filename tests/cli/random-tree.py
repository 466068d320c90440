"""random-tree.py SEED FOLDER [plain]: makes a tree of that seed: names, contents, sizes, modes, times, links, holes
and extended attributes as they come. plain: without what an archive may not hold, nor a zip archive.

random-tree.py --describe FOLDER: prints a line for each file with all there is to know of it."""
import hashlib
import os
import random
import stat
import sys


def describe(folder):
    names = {}
    for path, folders, files in os.walk(os.fsencode(folder)):
        for name in folders + files:
            full = os.path.join(path, name)
            s = os.lstat(full)
            short = os.path.relpath(full, os.fsencode(folder))
            said = [stat.filemode(s.st_mode), s.st_mtime_ns if not stat.S_ISLNK(s.st_mode) else 0]
            if stat.S_ISLNK(s.st_mode):
                said.append(os.readlink(full))
            else:
                said.append([(n, os.getxattr(full, n)) for n in sorted(os.listxattr(full)) if n.startswith("user.")])
            if stat.S_ISREG(s.st_mode):
                with open(full, "rb") as f:
                    said += [s.st_size, hashlib.sha256(f.read()).hexdigest()]
                said.append(sorted(names.setdefault((s.st_dev, s.st_ino), [])))
                names[s.st_dev, s.st_ino].append(short)
            yield short, said


def all_of(folder):
    told = list(describe(folder))
    groups = {}
    for short, said in told:
        full = os.path.join(os.fsencode(folder), short)
        s = os.lstat(full)
        if stat.S_ISREG(s.st_mode):
            groups.setdefault((s.st_dev, s.st_ino), []).append(short)
            said[-1] = groups[s.st_dev, s.st_ino]
    for short, said in sorted(told):
        print(short, *said)


def make(seed, folder, plain):
    r = random.Random(seed)
    os.makedirs(folder)
    folders, files = [os.fsencode(folder)], []

    def name():
        kinds = [lambda: bytes(r.choices(b"abcXYZ019._-", k=r.randint(1, 12))),
                 lambda: "".join(r.choices("éß語 '\"\\$&", k=r.randint(1, 6))).encode(),
                 lambda: bytes(r.choices(b"q", k=r.randint(90, 255))),
                 lambda: bytes(r.choices(range(128, 256), k=r.randint(1, 8)))][:3 if plain else 4]
        while True:
            n = r.choice(kinds)()
            path = os.path.join(r.choice(folders), n)
            if n not in (b".", b"..") and not os.path.lexists(path) and len(path) < 3000:
                return path

    def content(f):
        for _ in range(r.choice([0, 1, 1, 1, 4])):
            size = r.choice([0, 1, 7, 4096, r.randint(0, 70000), r.randint(500000, 600000)])
            f.write(r.choice([r.randbytes(size), bytes(size), b"x" * size]))
            if r.random() < 0.3:
                f.seek(r.randint(0, 3000000), 1)
        if r.random() < 0.3:
            f.truncate(f.tell() + r.randint(0, 200000))

    for _ in range(r.randint(20, 120)):
        path, what = name(), r.random()
        if what < 0.2:
            os.mkdir(path)
            folders.append(path)
        elif what < 0.3 and files:
            os.link(r.choice(files), path)
        elif what < 0.4:
            inside = path.count(b"/") - os.fsencode(folder).count(b"/") - 1
            os.symlink(b"../" * r.randint(0, inside) + b"x/y" if plain else r.choice([b"x", b"/etc/passwd", b"../" * 9]),
                       path)
        else:
            with open(path, "wb") as f:
                content(f)
            os.chmod(path, r.choice([0o644, 0o755, 0o600, 0o400, 0o777]))
            files.append(path)
            if r.random() < 0.2:
                os.setxattr(path, "user." + r.choice(["a", "note"]), r.randbytes(r.randint(0, 50)))
    for path in files + folders[:0:-1]:
        when = r.randint(0, 2 * 10**18)
        os.utime(path, ns=(when, when))
        if path in folders:
            os.chmod(path, r.choice([0o755, 0o700, 0o777]))
            os.utime(path, ns=(when, when))


if sys.argv[1] == "--describe":
    all_of(sys.argv[2])
else:
    make(int(sys.argv[1]), sys.argv[2], len(sys.argv) > 3)
