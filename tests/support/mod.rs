//! The program as a test runs it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;

/// Far more than any input should take, even without optimisation on a busy machine; a hang still ends.
const PATIENCE: Duration = Duration::from_secs(240);

/// The program in an environment that does not depend on who runs the tests.
pub(crate) fn truelevel() -> Command {
    let mut command = Command::new(cargo_bin!("truelevel"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// What a run left behind.
pub(crate) struct Seen {
    /// The exit code. A run that was killed has none, and the test has failed already.
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the program in `folder`. A panic, a signal, a hang or output that is not text fails the test.
pub(crate) fn run<A: AsRef<OsStr>>(folder: &Path, arguments: &[A], environment: &[(&str, &str)]) -> Seen {
    let mut command = truelevel();
    command.current_dir(folder).args(arguments).envs(environment.iter().copied());
    let output = assert_cmd::Command::from_std(command).timeout(PATIENCE).output().expect("the program runs");
    let err = String::from_utf8(output.stderr).expect("messages are text");
    assert!(!err.contains("a fault of truelevel") && !err.contains("panicked at"), "{err}");
    let Some(code) = output.status.code() else { panic!("ended by {}: {err}", output.status) };
    Seen { code, out: String::from_utf8(output.stdout).expect("a report is text"), err }
}
