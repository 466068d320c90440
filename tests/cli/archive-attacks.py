"""archive-attacks.py FOLDER OUT: writes tar archives to FOLDER that try to reach OUT, or to hurt whoever takes
them, and prints a line for each: its file, and what the error has to say (an ERE)."""
import gzip
import io
import os
import struct
import sys
import tarfile

folder, outside = sys.argv[1:]
FILE, LINK, HARD, DIR = tarfile.REGTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE


def entry(name, kind=FILE, target="", data=b"", mode=0o644, **more):
    i = tarfile.TarInfo(name)
    i.type, i.linkname, i.size, i.mode = kind, target, len(data), mode
    for key, value in more.items():
        setattr(i, key, value)
    return i, data


def write(name, says, *entries, form=tarfile.PAX_FORMAT):
    path = os.path.join(folder, name + ".tar")
    with tarfile.open(path, "w", format=form) as t:
        for i, data in entries:
            t.addfile(i, io.BytesIO(data))
    print(f"{path}\t{says}")
    return path


def raw(name, says, data):
    path = os.path.join(folder, name)
    with open(path, "wb") as f:
        f.write(data)
    print(f"{path}\t{says}")


up = "../" * 16
write("dotdot", "'\\.\\.' in its name", entry("../evil", data=b"x"))
write("dotdot-deep", "'\\.\\.' in its name", entry("a", DIR, mode=0o755), entry("a/b/../../../evil", data=b"x"))
write("dotdot-folder", "'\\.\\.' in its name", entry("..", DIR, mode=0o777))
write("absolute", "absolute name", entry(f"{outside}/evil", data=b"x"))
write("absolute-slashes", "absolute name", entry(f"//{outside}/evil", data=b"x"))
write("symlink-through", "leads out of the tree", entry("a", LINK, outside), entry("a/evil", data=b"x"))
write("symlink-inside-through", "below 'a', which is a symbolic link", entry("d", DIR, mode=0o755),
      entry("a", LINK, "d"), entry("a/evil", data=b"x"))
write("symlink-overwritten", "leads out of the tree", entry("b", LINK, f"{outside}/target"), entry("b", data=b"x"))
write("symlink-then-file", "comes twice", entry("b", LINK, "c"), entry("b", data=b"x"))
write("symlink-up", "leads out of the tree", entry("a/b/c", LINK, "../../../x"))
write("symlink-up-behind-name", "leads out of the tree", entry("d", LINK, "."), entry("e", LINK, "d/../x"))
write("symlink-kept", "leads out of the tree", entry("link", LINK, "/etc/passwd"))
write("symlink-for-folder", "comes twice", entry("a/b", data=b"x"), entry("a", LINK, "c"))
write("symlink-empty", "symbolic link to nothing", entry("l", LINK, ""))
write("hardlink-absolute", "hard link to '.*absolute name", entry("h", HARD, f"{outside}/secret"), entry("h", data=b"x"))
write("hardlink-up", "hard link to '.*'\\.\\.' in its name", entry("h", HARD, up + "etc/passwd"))
write("hardlink-nowhere", "is no file that came before", entry("h", HARD, "nowhere"))
write("hardlink-self", "is no file that came before", entry("h", HARD, "h"))
write("hardlink-symlink", "is no file that came before", entry("s", LINK, "x"), entry("h", HARD, "s"))
write("hardlink-folder", "is no file that came before", entry("d", DIR, mode=0o755), entry("h", HARD, "d"))
write("setuid", "set-id", entry("su", data=b"x", mode=0o4755))
write("setgid", "set-id", entry("su", data=b"x", mode=0o2755))
write("character-device", "a device", entry("null", tarfile.CHRTYPE, mode=0o666, devmajor=1, devminor=3))
write("block-device", "a device", entry("disk", tarfile.BLKTYPE, mode=0o666, devmajor=8))
write("fifo", "a FIFO", entry("pipe", tarfile.FIFOTYPE, mode=0o666))
write("control", "control character", entry("n\x1b]0;pwn\x07\nx", data=b"x"))
write("twice", "comes twice", entry("a", data=b"x"), entry("a", data=b"y"))
write("below-file", "below 'a', which is a file", entry("a", data=b"x"), entry("a/b", data=b"y"))
write("file-for-folder", "comes twice", entry("a/b", data=b"x"), entry("a", data=b"y"))
write("long-part", "a part of its name", entry("a" * 300, data=b"x"))
write("long-name", "a name of more than", entry("/".join(["a" * 200] * 30), data=b"x"))
write("root-is-file", "the tree itself is no folder", entry("./", LINK, "x"))
write("behind-good", "'\\.\\.' in its name", *[entry(f"good/{n}", data=b"x" * 1000) for n in range(100)],
      entry("good/../../evil", data=b"x"))
write("pax-path", "'\\.\\.' in its name", entry("fine", data=b"x", pax_headers={"path": "../evil"}))
write("pax-link", "leads out of the tree", entry("l", LINK, "fine", pax_headers={"linkpath": "/etc/passwd"}))
write("gnu-long", "'\\.\\.' in its name", entry("../" + "a" * 150, data=b"x"), form=tarfile.GNU_FORMAT)

# sizes that lie
path = write("size-huge", "says that it has|broken", entry("a", data=b"x"), form=tarfile.GNU_FORMAT)


def patch(path, at, field):
    with open(path, "r+b") as f:
        block = bytearray(f.read(512))
        block[at:at + len(field)] = field
        block[148:156] = b" " * 8
        block[148:156] = b"%06o\0 " % sum(block)
        f.seek(0)
        f.write(block)


patch(path, 124, b"\x80" + struct.pack(">3xQ", 1 << 50))
path = write("size-negative", "says that it has|broken", entry("a", data=b"x"), form=tarfile.GNU_FORMAT)
patch(path, 124, b"\xff" * 12)
path = write("size-cut", "broken: Truncated", entry("a", data=b"x" * 100000))
patch(path, 124, b"%011o\0" % 500000)
write("size-pax", "says that it has|broken", entry("a", data=b"x", pax_headers={"size": "9223372036854775807"}))
with open(os.path.join(folder, "twice.tar"), "rb") as f:
    good = f.read()
raw("cut.tar.gz", "broken", gzip.compress(good)[:-30])
raw("changed.tar.gz", "broken|comes twice", gzip.compress(good, mtime=0)[:60] + b"\0\0\0\0" + gzip.compress(good, mtime=0)[64:])
raw("noise.tar", "broken", bytes((n * 7919 + 13) % 251 for n in range(20000)))
raw("empty.tar", "broken", b"")
raw("zip.tar", "broken", b"PK\x03\x04" + b"\0" * 1000)

# bombs
path = os.path.join(folder, "bomb.tar.gz")
with gzip.open(path, "wb", 9) as f:
    i = tarfile.TarInfo("zeros")
    i.size = 200 << 20
    f.write(i.tobuf(tarfile.PAX_FORMAT))
    for n in range(200):
        f.write(bytes(1 << 20))
    f.write(bytes(1024))
print(f"{path}\tmore than 500 bytes come out for each\t--max-ratio 500")
print(f"{path}\tsays that it has\t--max-size 100M")
path = os.path.join(folder, "many.tar.gz")
with gzip.open(path, "wb", 1) as f:
    for n in range(5000):
        f.write(tarfile.TarInfo(f"f{n}").tobuf(tarfile.USTAR_FORMAT))
    f.write(bytes(1024))
print(f"{path}\tmore than 4000 entries\t--max-entries 4000")
path = os.path.join(folder, "sum.tar.gz")
with gzip.open(path, "wb", 1) as f:
    for n in range(20):
        i = tarfile.TarInfo(f"f{n}")
        i.size = 1 << 20
        f.write(i.tobuf(tarfile.USTAR_FORMAT) + os.urandom(1 << 20))
    f.write(bytes(1024))
print(f"{path}\tmore than 10485760 bytes come out\t--max-size 10M")
