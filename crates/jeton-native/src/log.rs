//! The log: one JSON object a line on standard output.

use std::{
    io::{self, Write},
    mem, panic,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http::Response;
use jeton::{Audit, Moment};

/// How long lines gather before they are written together: to be woken for each would cost a service on one
/// processor a third of its answers.
const GATHERING: Duration = Duration::from_millis(20);

/// How many bytes of lines wait for a reader of the log at most: at 50,000 lines a second, three times as many
/// as gather. Further lines are dropped, and counted in a later one.
const MOST_WAITING: usize = 1024 * 1024;

/// How long the end of the process waits for a reader of the log.
const CLOSING_TIMEOUT: Duration = Duration::from_secs(2);

/// The line of a response that took since `began`: of its [`Audit`], if it has one.
fn line_of<B>(response: &Response<B>, began: Instant) -> Option<String> {
    let audit = response.extensions().get::<Audit>()?;
    Some(audit.log_line(moment(), began.elapsed()))
}

/// Logs a response that took since `began`, and returns once that is written: for a process that may be
/// frozen as soon as it has answered.
pub fn log_response<B>(response: &Response<B>, began: Instant) {
    if let Some(line) = line_of(response, began) {
        write_line(line);
    }
}

/// Logs an error that belongs to no request: a configuration that is refused or that nobody should
/// trust, a listener that fails. The message holds nothing that was sent.
pub fn log_error(message: &str) {
    write_line(moment().error_line(message));
}

/// From now on panics are logged by `log`, by where they happen: their messages may quote what was sent.
pub fn log_panics(log: impl Fn(&str) + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        log(&format!("panicked at {}", place.unwrap_or_default()));
    }));
}

fn moment() -> Moment {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH);
    Moment {
        since_1970: since_1970.unwrap_or_default(),
    }
}

fn write_line(mut line: String) {
    line.push('\n');
    // A log that cannot be written must not take the service down with it.
    let _ = io::stdout().lock().write_all(line.as_bytes());
}

/// The log of a process that answers many at a time. A thread of its own writes it, so that a reader who
/// stands still holds up the log and nothing else.
#[derive(Clone)]
pub struct Log(Arc<Shared>);

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    /// That there is something to write, or that nothing is left.
    changed: Condvar,
}

/// The lines that are not written yet.
#[derive(Default)]
struct Waiting {
    text: String,
    lines: u64,
    /// The bytes that are being written.
    in_hand: usize,
    dropped: u64,
    writer: Writer,
}

/// What the thread that writes is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Writer {
    /// It waits to be told of a line.
    #[default]
    Idle,
    /// It will look by itself.
    Busy,
    /// It ends once nothing is left.
    Ending,
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.text.is_empty() && self.in_hand == 0
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `is_due`.
    fn wait(&self, is_due: impl Fn(&Waiting) -> bool) -> MutexGuard<'_, Waiting> {
        self.changed
            .wait_while(self.lock(), |waiting| !is_due(waiting))
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Log {
    /// The log on standard output.
    #[must_use]
    pub fn to_stdout() -> Self {
        Self::to(io::stdout())
    }

    fn to(output: impl Write + Send + 'static) -> Self {
        let shared = Arc::<Shared>::default();
        let written = Arc::clone(&shared);
        thread::spawn(move || write_all(&written, output));
        Self(shared)
    }

    /// Logs a response that took since `began`.
    pub fn response<B>(&self, response: &Response<B>, began: Instant) {
        if let Some(line) = line_of(response, began) {
            self.line(&line);
        }
    }

    /// Logs an error that belongs to no request. The message holds nothing that was sent.
    pub fn error(&self, message: &str) {
        self.line(&moment().error_line(message));
    }

    fn line(&self, line: &str) {
        let mut waiting = self.0.lock();
        if waiting.text.len() + waiting.in_hand + line.len() >= MOST_WAITING {
            waiting.dropped += 1;
            return;
        }
        waiting.text.push_str(line);
        waiting.text.push('\n');
        waiting.lines += 1;
        if waiting.writer == Writer::Idle {
            waiting.writer = Writer::Busy;
            drop(waiting);
            self.0.changed.notify_all();
        }
    }

    /// Waits until everything is written, for two seconds at most. What is logged later is lost.
    pub fn close(&self) {
        let mut waiting = self.0.lock();
        waiting.writer = Writer::Ending;
        self.0.changed.notify_all();
        let _ = self
            .0
            .changed
            .wait_timeout_while(waiting, CLOSING_TIMEOUT, |waiting| !waiting.is_empty());
    }
}

/// Writes what waits, as many lines at once as there are, until the log is closed.
fn write_all(shared: &Shared, mut output: impl Write) {
    let mut text = String::with_capacity(MOST_WAITING);
    loop {
        let writer = shared.wait(|waiting| waiting.writer != Writer::Idle).writer;
        if writer == Writer::Busy {
            thread::sleep(GATHERING);
        }
        let mut waiting = shared.lock();
        mem::swap(&mut text, &mut waiting.text);
        waiting.in_hand = text.len();
        let (lines, missing) = (
            mem::take(&mut waiting.lines),
            mem::take(&mut waiting.dropped),
        );
        drop(waiting);
        if missing > 0 {
            let message = format!("{missing} lines of this log were dropped");
            text.push_str(&moment().error_line(&message));
            text.push('\n');
        }
        let written = output.write_all(text.as_bytes());
        let failed = written.and_then(|()| output.flush()).is_err();
        text.clear();
        let mut waiting = shared.lock();
        waiting.in_hand = 0;
        if failed {
            // The reader has gone, perhaps for good. Should it come back, it is told.
            waiting.dropped += lines + missing;
        }
        let is_last = waiting.text.is_empty() && (failed || waiting.dropped == 0);
        match waiting.writer {
            Writer::Ending if is_last => {
                drop(waiting);
                shared.changed.notify_all();
                return;
            }
            Writer::Busy if is_last => waiting.writer = Writer::Idle,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Condvar, Mutex};

    use super::*;

    /// A reader who may stand still, or have gone.
    #[derive(Clone, Default)]
    struct Reader(Arc<(Mutex<State>, Condvar)>);

    #[derive(Default)]
    struct State {
        read: String,
        stands_still: bool,
        has_gone: bool,
    }

    impl Reader {
        fn change(&self, change: impl FnOnce(&mut State)) {
            change(&mut self.0.0.lock().unwrap());
            self.0.1.notify_all();
        }

        fn read(&self) -> String {
            self.0.0.lock().unwrap().read.clone()
        }
    }

    impl Write for Reader {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let state = self.0.0.lock().unwrap();
            let mut state = self.0.1.wait_while(state, |it| it.stands_still).unwrap();
            if state.has_gone {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            state.read += std::str::from_utf8(bytes).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn messages(text: &str) -> Vec<String> {
        let message = |line: &str| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["message"].as_str().unwrap().to_owned()
        };
        text.lines().map(message).collect()
    }

    #[test]
    fn all_is_written_before_the_end() {
        let reader = Reader::default();
        let log = Log::to(reader.clone());
        for number in 0..500 {
            log.error(&number.to_string());
        }
        log.close();
        let expected: Vec<_> = (0..500).map(|number| number.to_string()).collect();
        assert_eq!(messages(&reader.read()), expected);
    }

    #[test]
    fn a_reader_who_stands_still_holds_up_nothing_but_the_log() {
        let reader = Reader::default();
        reader.change(|state| state.stands_still = true);
        let log = Log::to(reader.clone());
        let begin = Instant::now();
        for number in 0..20_000 {
            log.error(&number.to_string());
        }
        log.close();
        assert!(begin.elapsed() < Duration::from_secs(6), "the end waits");
        reader.change(|state| state.stands_still = false);
        log.close();
        let text = reader.read();
        let messages = messages(&text);
        let dropped: usize = messages
            .iter()
            .filter_map(|text| {
                let number = text.strip_suffix(" lines of this log were dropped")?;
                number.parse::<usize>().ok()
            })
            .sum();
        let lines = messages.iter().filter(|text| text.parse::<u32>().is_ok());
        let lines = lines.count();
        assert_eq!(lines + dropped, 20_000, "each is written or counted");
        assert!(text.len().abs_diff(MOST_WAITING) < 1000, "{}", text.len());
    }

    #[test]
    fn a_reader_who_comes_back_is_told() {
        let reader = Reader::default();
        reader.change(|state| state.has_gone = true);
        let log = Log::to(reader.clone());
        log.error("unread");
        while log.0.lock().dropped == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        reader.change(|state| state.has_gone = false);
        log.error("read");
        log.close();
        let expected = ["read", "1 lines of this log were dropped"];
        assert_eq!(messages(&reader.read()), expected);
    }
}
