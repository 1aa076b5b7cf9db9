//! The end of the program by a fault of its own.
//!
//! A panic ends the process, on whichever thread it happens: the released program is built to abort, so nothing could go
//! on behind it, and a report that leaves something out would be worse than none. What is left to do is to say so in one
//! line that no text of a checkout can disturb, and to end with the exit code of what was not assessed.
//!
//! No hook sees the end of the memory or of a stack: the standard library says so in words of its own, which hold nothing
//! of a checkout, and aborts. There the exit code is all that can be set right.

use std::io::Write;
use std::panic::PanicHookInfo;

use super::DOUBT;
use crate::report::sanitize;

/// Makes every panic of this process end it, with one line on standard error and exit code 2; an abort ends it with the
/// same code.
pub fn end_on_fault() {
    #[cfg(unix)]
    end_on_abort();
    std::panic::set_hook(Box::new(|fault| {
        let _ = writeln!(std::io::stderr(), "truelevel: {}", told(fault));
        std::process::exit(DOUBT.into())
    }));
}

/// An abort is a signal of the process to itself, and this is what becomes of it. Where none can be registered, the signal
/// ends the process.
#[cfg(unix)]
fn end_on_abort() {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    let always = Arc::new(AtomicBool::new(true));
    let _ = signal_hook::flag::register_conditional_shutdown(signal_hook::consts::SIGABRT, DOUBT.into(), always);
}

fn told(fault: &PanicHookInfo<'_>) -> String {
    let place = fault.location().map(|place| format!(" at {place}")).unwrap_or_default();
    let payload = fault.payload();
    let message = payload.downcast_ref::<String>().map(String::as_str);
    let message = message.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
    let message = format!("a fault of truelevel{place} ended it; the report is missing or incomplete: {message}");
    sanitize::terminal(&message).into_owned()
}
