//! What a connection may take, and how many there may be: every number of this crate.

use std::time::Duration;

/// How long a client may take from the first byte of a request to the last of its headers, and over the
/// handshake of TLS. The same for the first byte of a new connection.
pub(crate) const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take over a body. It is then told by 408.
pub(crate) const BODY_TIMEOUT: Duration = Duration::from_secs(jeton::BODY_TIMEOUT.0);

/// How long a client may take to read an answer, from when it would not take more of it.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection is kept between two requests: longer than the 60 seconds for which nginx and
/// load balancers keep theirs, so that it is they who close.
pub(crate) const IDLE_TIMEOUT: Duration = Duration::from_secs(75);

/// The shortest of these three, which the timers of all of them rely on.
pub(crate) const SHORTEST_DEADLINE: Duration = HEAD_TIMEOUT;

/// How long requests in flight may take to finish once the server is to stop.
pub(crate) const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// The most bytes of each buffer of a connection: for what it reads, for what it writes, and the operating
/// system's for what is sent. A request whose line and headers do not fit is refused with 431, and so is
/// one with more than 100 headers, as hyper has it by itself.
pub(crate) const BUFFER: usize = 64 * 1024;

/// How many bytes of a body that is too large are read and dropped. A client that is cut off while it
/// still sends may never see the response.
pub(crate) const DRAIN_LIMIT: usize = 1024 * 1024;

/// The most connections at a time, where the limit of open files allows as many.
pub(crate) const MOST_CONNECTIONS: usize = 1024;

/// How many open files are left to the rest of the process: its store, its log, its runtime.
const OTHER_FILES: usize = 32;

/// The fewest connections, however few files may be open.
const FEWEST_CONNECTIONS: usize = 8;

/// For how long a connection is safe from being shed. A client, however far away, sends its request
/// together with the last packet that opens the connection. Longer would have a crowd of strangers hold
/// up the queue of those who wait.
pub(crate) const SAFE_FOR: Duration = Duration::from_millis(50);

/// The most connections that this process may have at a time: [`MOST_CONNECTIONS`], or what the limit of
/// open files leaves.
pub(crate) fn most_connections() -> usize {
    within_files(open_files())
}

fn within_files(files: Option<usize>) -> usize {
    files.map_or(MOST_CONNECTIONS, |files| {
        files
            .saturating_sub(OTHER_FILES)
            .clamp(FEWEST_CONNECTIONS, MOST_CONNECTIONS)
    })
}

/// The limit of open files, where there is one.
#[cfg(unix)]
fn open_files() -> Option<usize> {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    limit.current.and_then(|files| usize::try_from(files).ok())
}

#[cfg(not(unix))]
const fn open_files() -> Option<usize> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_deadline_is_shorter_than_the_shortest() {
        let deadlines = [HEAD_TIMEOUT, WRITE_TIMEOUT, IDLE_TIMEOUT];
        assert_eq!(deadlines.into_iter().min(), Some(SHORTEST_DEADLINE));
    }

    #[test]
    fn connections_leave_files_to_the_rest() {
        for (files, expected) in [
            (None, 1024),
            (Some(1_000_000), 1024),
            (Some(1024), 992),
            (Some(100), 68),
            (Some(20), 8),
        ] {
            assert_eq!(within_files(files), expected, "{files:?}");
        }
        assert!((8..=1024).contains(&most_connections()));
    }
}
