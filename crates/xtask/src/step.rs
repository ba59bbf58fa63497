//! A step while it runs: what it writes, kept together however many run beside it, and the processor's
//! time that the programs it starts have taken.
//!
//! Both belong to the thread that the step runs in. A thread without a file writes straight through.

use std::cell::{Cell, RefCell};
use std::fs::File;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::Result;

thread_local! {
    static FILE: RefCell<Option<File>> = const { RefCell::new(None) };
    static GIVES_WAY: Cell<bool> = const { Cell::new(false) };
    static USED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// From now on this thread, and every program that it starts, writes into this file.
pub(crate) fn write_into(file: File) {
    FILE.set(Some(file));
}

/// One line of its own.
pub(crate) fn say(line: &str) {
    FILE.with_borrow_mut(|file| match file {
        Some(file) => {
            // What cannot be written is output, never a verdict.
            let _ = writeln!(file, "{line}");
        }
        None => println!("{line}"),
    });
}

/// Where a program writes that this thread starts.
pub(crate) fn stdio() -> Result<Stdio> {
    FILE.with_borrow(|file| match file {
        Some(file) => Ok(Stdio::from(file.try_clone()?)),
        None => Ok(Stdio::inherit()),
    })
}

/// The file of this thread's step, for a thread that reads in its name.
pub(crate) fn file() -> Result<Option<File>> {
    FILE.with_borrow(|file| Ok(file.as_ref().map(File::try_clone).transpose()?))
}

/// From now on what this thread starts lets everything else go first: what compiles can wait, and rows beside
/// it measure time.
pub(crate) fn give_way() {
    GIVES_WAY.set(true);
}

/// What is done with a program that has just been started. Where there is no `renice`, all are equal.
pub(crate) fn started(child: &Child) {
    if GIVES_WAY.get() {
        let _ = Command::new("renice")
            .args(["-n", "10", "-p", &child.id().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
}

/// Adds what a program took that this thread waited for.
pub(crate) fn add(used: Duration) {
    USED.set(USED.get() + used);
}

/// The processor's time of all programs that this thread waited for.
pub(crate) fn used() -> Duration {
    USED.get()
}

/// What a program has taken of the processor so far, with everything that it has waited for itself. Only
/// Linux says so.
pub(crate) fn taken_by(child: &Child) -> Duration {
    std::fs::read_to_string(format!("/proc/{}/stat", child.id()))
        .ok()
        .and_then(|stat| ticks(&stat))
        .map(|ticks| Duration::from_millis(ticks * 10))
        .unwrap_or_default()
}

/// Fields 14 to 17 of `/proc/PID/stat` (proc(5)): user and system time of its own and of its children,
/// in hundredths of a second. The name before them may have spaces and parentheses in it.
fn ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let times: Option<Vec<u64>> = fields
        .split(' ')
        .skip(11)
        .take(4)
        .map(|field| field.parse().ok())
        .collect();
    Some(times?.iter().sum())
}

#[cfg(test)]
mod tests {
    use super::ticks;

    #[test]
    fn times_of_a_process() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194304 100 200 0 0 11 22 33 44 20 0 1 0 5 6 7";
        assert_eq!(ticks(stat), Some(110));
        assert_eq!(ticks("7 (a"), None);
    }
}
