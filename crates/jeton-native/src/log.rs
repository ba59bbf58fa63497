//! The log: one JSON object a line on standard output.

use std::{
    io::{self, Write},
    panic,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http::Response;
use jeton::{Audit, LONGEST_LINE, Moment};

/// How long lines gather before they are written together. At 50,000 lines a second a quarter of the queue.
const GATHERING: Duration = Duration::from_millis(5);

/// How many lines wait for a reader of the log at most: 4 MB of the longest. Further ones are dropped, and
/// counted in a later line.
const LONGEST_QUEUE: usize = 1024;

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
pub struct Log {
    queue: SyncSender<Entry>,
    dropped: Arc<AtomicU64>,
}

enum Entry {
    Line(String),
    /// The last entry. Who sends it is told once everything before it is written.
    End(SyncSender<()>),
}

impl Log {
    /// The log on standard output.
    #[must_use]
    pub fn to_stdout() -> Self {
        Self::to(io::stdout())
    }

    fn to(output: impl Write + Send + 'static) -> Self {
        let (queue, entries) = sync_channel(LONGEST_QUEUE);
        let log = Self {
            queue,
            dropped: Arc::default(),
        };
        let dropped = Arc::clone(&log.dropped);
        // Ends with the process, or with the last of its logs.
        thread::spawn(move || write_all(&entries, &dropped, output));
        log
    }

    /// Logs a response that took since `began`.
    pub fn response<B>(&self, response: &Response<B>, began: Instant) {
        if let Some(line) = line_of(response, began) {
            self.line(line);
        }
    }

    /// Logs an error that belongs to no request. The message holds nothing that was sent.
    pub fn error(&self, message: &str) {
        self.line(moment().error_line(message));
    }

    fn line(&self, line: String) {
        if self.queue.try_send(Entry::Line(line)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until everything is written, for two seconds at most. What is logged later is lost.
    pub fn close(&self) {
        let begin = Instant::now();
        let (written, end) = sync_channel(1);
        let mut entry = Entry::End(written);
        while let Err(TrySendError::Full(again)) = self.queue.try_send(entry) {
            if begin.elapsed() >= CLOSING_TIMEOUT {
                return;
            }
            entry = again;
            thread::sleep(Duration::from_millis(10));
        }
        let _ = end.recv_timeout(CLOSING_TIMEOUT.saturating_sub(begin.elapsed()));
    }
}

/// Writes what is in the queue, as many lines at once as wait there. To be woken for each line would cost a
/// service on one processor a third of its answers, so lines gather for a moment first.
fn write_all(entries: &Receiver<Entry>, dropped: &AtomicU64, mut output: impl Write) {
    while let Ok(first) = entries.recv() {
        if matches!(first, Entry::Line(_)) {
            thread::sleep(GATHERING);
        }
        let mut text = String::new();
        let mut lines = 0;
        let mut end = None;
        let mut next = Some(first);
        while let Some(entry) = next.take() {
            match entry {
                Entry::Line(line) => {
                    text.push_str(&line);
                    text.push('\n');
                    lines += 1;
                }
                Entry::End(written) => end = Some(written),
            }
            if end.is_none() && text.len() < 16 * LONGEST_LINE {
                next = entries.try_recv().ok();
            }
        }
        let missing = dropped.swap(0, Ordering::Relaxed);
        if missing > 0 {
            text.push_str(
                &moment().error_line(&format!("{missing} lines of this log were dropped")),
            );
            text.push('\n');
        }
        let written = output.write_all(text.as_bytes());
        if written.and_then(|()| output.flush()).is_err() {
            // The reader has gone, perhaps for good. Should it come back, it is told.
            dropped.fetch_add(lines + missing, Ordering::Relaxed);
        }
        if let Some(written) = end {
            let _ = written.send(());
            return;
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
        for number in 0..5000 {
            log.error(&number.to_string());
        }
        assert!(begin.elapsed() < Duration::from_secs(2));
        log.close();
        assert!(begin.elapsed() < Duration::from_secs(4), "the end waits");
        reader.change(|state| state.stands_still = false);
        log.close();
        let messages = messages(&reader.read());
        let dropped: usize = messages
            .iter()
            .filter_map(|text| {
                let number = text.strip_suffix(" lines of this log were dropped")?;
                number.parse::<usize>().ok()
            })
            .sum();
        let lines = messages.iter().filter(|text| text.parse::<u32>().is_ok());
        let lines = lines.count();
        assert_eq!(lines + dropped, 5000, "each is written or counted");
        assert!(
            (LONGEST_QUEUE..2 * LONGEST_QUEUE).contains(&lines),
            "{lines}"
        );
    }

    #[test]
    fn a_reader_who_comes_back_is_told() {
        let reader = Reader::default();
        reader.change(|state| state.has_gone = true);
        let log = Log::to(reader.clone());
        log.error("unread");
        while log.dropped.load(Ordering::Relaxed) == 0 {
            thread::sleep(Duration::from_millis(1));
        }
        reader.change(|state| state.has_gone = false);
        log.error("read");
        log.close();
        let expected = ["read", "1 lines of this log were dropped"];
        assert_eq!(messages(&reader.read()), expected);
    }
}
