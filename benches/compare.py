#!/usr/bin/env python3
"""Measures truelevel against its peers and prints the figures of docs/performance.md.

  cargo build --release --example bare_parse && cargo build --release
  benches/compare.py CHECKOUTS [--runs 7] [--growth 1,10,100] [--large CHECKOUT] [--bin FILE] [--bare FILE]

CHECKOUTS is a folder with one checkout in each of its folders. Their workflow files alone are copied to a temporary
folder, so that every tool sees the same files. zizmor, actionlint and rg are measured when they are on PATH. Everything
that is compared runs in turns, and the fastest of all its runs counts, so that a busy machine disturbs the ratios little.
Needs Python 3.9 or newer on Linux or macOS, nothing else.
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def once(command):
    """Wall seconds, processor seconds and peak memory in bytes of one run, and its exit code."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return wall, usage.ru_utime + usage.ru_stime, peak, process.returncode


class Best:
    """The best of several runs."""

    def __init__(self):
        self.wall = self.cpu = float("inf")
        self.peak = 0

    def add(self, run):
        self.wall, self.cpu, self.peak = min(self.wall, run[0]), min(self.cpu, run[1]), max(self.peak, run[2])


def compare(commands, runs):
    """Runs the commands in turns; name -> Best."""
    best = {name: Best() for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            best[name].add(once(command))
    return best


def copy_workflows(checkouts, to):
    """Copies the workflow files of every checkout; the folders, their files, and how many bytes these are."""
    folders, files, size = [], [], 0
    for name in sorted(os.listdir(checkouts)):
        source = os.path.join(checkouts, name, ".github", "workflows")
        if not os.path.isdir(source):
            continue
        folder = os.path.join(to, name)
        target = os.path.join(folder, ".github", "workflows")
        os.makedirs(target)
        for file in sorted(os.listdir(source)):
            path = os.path.join(source, file)
            if file.endswith((".yml", ".yaml")) and os.path.isfile(path) and not os.path.islink(path):
                shutil.copyfile(path, os.path.join(target, file))
                files.append(os.path.join(target, file))
                size += os.path.getsize(path)
        folders.append(folder)
    return folders, files, size


def make_large(to, count=50_000):
    """A checkout of many small source files and one workflow."""
    for at in range(count):
        folder = os.path.join(to, f"lib{at // 5000}", f"part{at // 100 % 50}")
        if at % 100 == 0:
            os.makedirs(folder)
        ending = ("c", "h", "py", "md", "go", "json", "txt", "js", "rs", "yaml")[at % 10]
        with open(os.path.join(folder, f"file{at}.{ending}"), "w") as file:
            file.write(f"name: part {at}\n" * 12)
    write_small(to)


def write_small(to):
    folder = os.path.join(to, ".github", "workflows")
    os.makedirs(folder)
    with open(os.path.join(folder, "release.yml"), "w") as file:
        file.write(
            "on:\n  push:\n    tags: ['v*']\npermissions:\n  contents: read\njobs:\n  publish:\n"
            "    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - run: npm ci\n"
            "      - run: npm publish\n"
        )


def row(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |")


def head(title, *cells):
    print(f"\n### {title}\n")
    row(*cells)
    row(*("---" for _ in cells))


def fraction(ratio):
    return f"{ratio:.2f}" if ratio >= 0.5 else f"1/{1 / ratio:.1f}"


def seconds(best):
    return f"{best.wall * 1000:.0f} ms"


def main():
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("checkouts")
    asked.add_argument("--runs", type=int, default=7)
    asked.add_argument("--growth", default="1,10,100", help="how many times all checkouts are graded in one run")
    asked.add_argument("--large", help="a checkout of 50,000 files; without it one is made")
    asked.add_argument("--bin", default=os.path.join(ROOT, "target/release/truelevel"))
    asked.add_argument("--bare", default=os.path.join(ROOT, "target/release/examples/bare_parse"))
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="truelevel-bench-") as scratch:
        measure(options, scratch)


def measure(options, scratch):
    own = [os.path.abspath(options.bin), "check", "--no-progress"]
    checkouts = os.path.join(scratch, "workflows")
    folders, files, size = copy_workflows(options.checkouts, checkouts)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    print(f"Measured on {os.cpu_count()} cores and {memory:.0f} GiB of memory; the fastest of {options.runs} runs in turns.")
    print(f"{len(files)} workflow files of {len(folders)} repositories, {size / 1e6:.1f} MB.")

    commands = {"truelevel": [*own, "--format", "json", *folders]}
    commands["saphyr-parser alone, one core"] = [os.path.abspath(options.bare), checkouts]
    if shutil.which("actionlint"):
        commands["actionlint"] = ["actionlint", "-shellcheck=", "-pyflakes=", "-no-color", *files]
    if shutil.which("zizmor"):
        commands["zizmor --offline"] = ["zizmor", "--offline", "--no-progress", "--quiet", "--no-exit-codes", *folders]
    best = compare(commands, options.runs)
    ours = best["truelevel"]
    head("The same workflow files", "tool", "wall", "processor", "peak memory", "truelevel / this: wall", "processor")
    for name, found in best.items():
        ratios = fraction(ours.wall / found.wall), fraction(ours.cpu / found.cpu)
        row(name, seconds(found), f"{found.cpu * 1000:.0f} ms", f"{found.peak / 2**20:.0f} MiB", *ratios)

    head("More checkouts", "checkouts", "wall", "processor", "per checkout", "peak memory")
    for times in map(int, options.growth.split(",")):
        runs = max(1, options.runs // times)
        found = compare({"": [*own, "--format", "jsonl", *(folders * times)]}, runs)[""]
        each = found.cpu * 1000 / (len(folders) * times)
        peak = f"{found.peak / 2**20:.0f} MiB"
        row(len(folders) * times, seconds(found), f"{found.cpu * 1000:.0f} ms", f"{each:.2f} ms", peak)

    small = os.path.join(scratch, "small")
    write_small(small)
    best = compare({"empty": ["true"], "own": [*own, small]}, options.runs * 5)
    print("\n### One small repository\n")
    over = (best["own"].wall - best["empty"].wall) * 1000
    print(f"{over:.1f} ms above an empty process, {best['own'].peak / 2**20:.0f} MiB of memory at most.")
    print(f"The binary has {os.path.getsize(options.bin) / 1e6:.1f} MB.")

    large = options.large
    if not large:
        large = os.path.join(scratch, "large")
        make_large(large)
    count = sum(len(names) for _, _, names in os.walk(large))
    commands = {"own": [*own, large]}
    if shutil.which("rg"):
        commands["rg"] = ["rg", "--files", large]
    best = compare(commands, options.runs)
    print("\n### A large checkout\n")
    print(f"{count} files: truelevel {seconds(best['own'])}, {best['own'].peak / 2**20:.0f} MiB", end="")
    if "rg" in best:
        print(f"; `rg --files` {seconds(best['rg'])}; ratio {best['own'].wall / best['rg'].wall:.2f}", end="")
    print(".")


if __name__ == "__main__":
    main()
