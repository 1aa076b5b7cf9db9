//! Every reader on mutated fixtures: no panic, no overflow of the stack, no hang, and the assertions of the bodies. The
//! mutations follow from their number alone, so a failure comes back. `FUZZ_ROUNDS` asks for more of them than the few
//! that fit into every run of the tests; each input of such a run is kept while it is tried, because a stack that overflows
//! takes the process with it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, its helpers too"
)]

#[path = "../fuzz/bodies.rs"]
mod bodies;
#[path = "../fuzz/seeds.rs"]
mod seeds;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// Far more than one input should take, even without optimisation on a busy machine; a hang still ends.
const PATIENCE: Duration = Duration::from_secs(120);
/// The stack of the threads that grade.
const STACK: usize = 2 * 1024 * 1024;
/// The longest mutated input: what is slow shows in less.
const LONGEST: usize = 64 * 1024;

/// Mutations for each target in every run of the tests, about as dear as each other.
const ROUNDS: &[(&str, usize)] = &[
    ("yaml", 400),
    ("shell", 300),
    ("powershell", 300),
    ("batch", 300),
    ("makefile", 400),
    ("literals", 200),
    ("conf", 300),
    ("git", 2000),
    ("expressions", 25),
    ("follow", 12),
    ("runners", 40),
    ("workflow", 40),
    ("check", 15),
];

/// What has a meaning in one of the languages.
const WORDS: &[&str] = &[
    "${{ ",
    " }}",
    "$(",
    ")",
    "`",
    "\"",
    "'",
    "${",
    "}",
    "{",
    "[",
    "]",
    "((",
    "[[ ",
    "<<EOF\n",
    "\nEOF\n",
    "\\\n",
    "\t",
    "\r\n",
    "\u{feff}",
    "\0",
    "- ",
    ": ",
    "? ",
    "|\n",
    ">-\n",
    "&a ",
    "*a",
    "<<: *a\n",
    "!!str ",
    "---\n",
    "...\n",
    "#",
    "%",
    "@",
    "|| ",
    "&& ",
    "; ",
    "| ",
    "if true; then ",
    "fi\n",
    "for x in ",
    "do ",
    "done\n",
    "case x in ",
    "esac",
    "function f { ",
    "$@",
    "$1",
    "npm publish",
    "make ",
    "$(eval ",
    "$(call ",
    "define x\n",
    "endef\n",
    "include ",
    "ifeq (",
    "endif\n",
    "{{",
    "{{ range }}",
    "%{ if ",
    "<%",
    "dynamic \"a\" {",
    "for k, v in ",
    "=> ",
    "../",
    "/",
    "~",
    "null",
    "true",
    "-1",
    "1e999",
    "0x",
    "\u{202e}",
    "\u{1b}[31m",
    "::error::",
    "\u{f0000}",
    "-Command ",
    "@(",
    "@'\n",
    "'@\n",
    "%%i ",
    "goto :eof\n",
    "uses: ./",
    "runs-on: ",
    "\u{1e}",
];

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % sides.max(1) as u64).unwrap()
    }

    /// A stretch of a text of this length.
    fn stretch(&mut self, length: usize, longest: usize) -> std::ops::Range<usize> {
        let start = self.roll(length + 1);
        start..(start + self.roll(longest)).min(length)
    }
}

fn mutated(seeds: &[Vec<u8>], round: usize) -> Vec<u8> {
    let mut dice = Dice(round as u64);
    let mut text = seeds[dice.roll(seeds.len())].clone();
    for _ in 0..=dice.roll(6) {
        let at = dice.roll(text.len() + 1);
        match dice.roll(11) {
            0 if !text.is_empty() => {
                let at = dice.roll(text.len());
                text[at] ^= 1 << dice.roll(8);
            }
            1 => drop(text.splice(at..at, WORDS[dice.roll(WORDS.len())].bytes())),
            2 => drop(text.drain(dice.stretch(text.len(), 40))),
            3 => {
                let copy = text[dice.stretch(text.len(), 200)].to_vec();
                text.splice(at..at, copy);
            }
            // Nesting: the same opening many times.
            4 => {
                let word = WORDS[dice.roll(WORDS.len())].repeat(1 + dice.roll(300));
                text.splice(at..at, word.bytes());
            }
            5 => {
                let other = &seeds[dice.roll(seeds.len())];
                let piece = other[dice.stretch(other.len(), 400)].to_vec();
                text.splice(at..at, piece);
            }
            6 => text.truncate(at),
            7 => {
                let byte = u8::try_from(dice.roll(256)).unwrap();
                text.insert(at, byte);
            }
            // Lines: one gone, one twice, two swapped, one moved in or out.
            kind => {
                let mut lines: Vec<Vec<u8>> = text.split(|b| *b == b'\n').map(<[u8]>::to_vec).collect();
                let (one, other) = (dice.roll(lines.len()), dice.roll(lines.len()));
                match kind {
                    8 => drop(lines.remove(one)),
                    9 => lines.swap(one, other),
                    _ if dice.roll(2) == 0 => lines[one].splice(0..0, *b"  ").for_each(drop),
                    _ => {
                        let line = lines[one].clone();
                        lines.insert(other, line);
                    }
                }
                text = lines.join(&b'\n');
            }
        }
    }
    text.truncate(LONGEST);
    text
}

/// Keeps an input for whoever looks into the failure.
fn keep(target: &str, name: &str, input: &[u8]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(format!("{target}-{name}"));
    std::fs::write(&file, input).unwrap();
    file
}

/// Runs a target on its seeds and on mutations of them.
fn hold(target: &'static str) {
    let body = bodies::TARGETS.iter().find(|(name, _)| *name == target).unwrap().1;
    let more = std::env::var("FUZZ_ROUNDS").ok().map_or(1, |times| times.parse().expect("a number"));
    let rounds = ROUNDS.iter().find(|(name, _)| *name == target).unwrap().1 * more;
    let seeds = seeds::of(target, &Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"));
    assert!(!seeds.is_empty());
    let (tell, told) = mpsc::channel();
    let work = move || {
        for round in 0..rounds {
            let input = mutated(&seeds, round);
            if tell.send(input.clone()).is_err() {
                return;
            }
            if more > 1 {
                keep(target, "tried", &input);
            }
            if catch_unwind(AssertUnwindSafe(|| body(&input))).is_err() {
                panic!("{target} fails on {}", keep(target, &round.to_string(), &input).display());
            }
        }
    };
    let worker = thread::Builder::new().stack_size(STACK).spawn(work).unwrap();
    let mut last = Vec::new();
    loop {
        match told.recv_timeout(PATIENCE) {
            Ok(input) => last = input,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                panic!("{target} hangs on {}", keep(target, "hangs", &last).display())
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
    }
    if let Err(panic) = worker.join() {
        std::panic::resume_unwind(panic);
    }
}

macro_rules! targets {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            hold(stringify!($name));
        })*

        #[test]
        fn every_target_is_held_and_has_its_place_in_the_manifest() {
            let held = [$(stringify!($name)),*];
            let known: Vec<&str> = bodies::TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(held.to_vec(), known);
            assert_eq!(ROUNDS.iter().map(|(name, _)| *name).collect::<Vec<_>>(), known);
            let manifest = include_str!("../fuzz/Cargo.toml");
            let listed: Vec<&str> = manifest
                .lines()
                .filter_map(|line| line.strip_prefix("path = \"fuzz_targets/")?.strip_suffix(".rs\""))
                .collect();
            assert_eq!(listed, known);
        }
    };
}

targets! { yaml shell powershell batch makefile literals conf git expressions follow runners workflow check }
