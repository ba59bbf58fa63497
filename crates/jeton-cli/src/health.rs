//! `jeton health`: whether a server on this machine answers, for containers without curl.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use clap::{Arg, ArgMatches, Command};

use crate::settings::DEFAULT_PORT;

/// How long each of connecting, sending and receiving may take.
const TIMEOUT: Duration = Duration::from_secs(2);

/// The most bytes that are read: more than any status line has (RFC 9112 §4).
const STATUS_LINE_LIMIT: u64 = 1024;

/// The variables that may hold a server's port; the first that is set counts. The last two are
/// mock-oauth2-server's, in its order; the image sets the last.
const PORT_VARIABLES: [&str; 3] = ["JETON_PORT", "SERVER_PORT", "PORT"];

pub(crate) fn command() -> Command {
    Command::new("health")
        .about("Exit with 0 if a server answers /health with 200, else with 1")
        .arg(Arg::new("url").value_name("URL").help(
            "[default: http://127.0.0.1:PORT/health, PORT from JETON_PORT, SERVER_PORT or PORT, \
             else 8080 as `serve` has it; below the path of JETON_ISSUER]",
        ))
}

pub(crate) fn run(matches: &ArgMatches) -> Result<()> {
    let url = match matches.get_one::<String>("url") {
        Some(url) => url.clone(),
        None => default_url(|name| jeton_native::variable(name).ok().flatten()),
    };
    let status = status(&url).with_context(|| url.clone())?;
    if status != "200" {
        bail!("{url}: expected 200, got {status}");
    }
    Ok(())
}

/// The URL of `/health` on this machine, below the path of the issuer, where `jeton serve` answers; without
/// what a proxy would have taken off it.
fn default_url(variable: impl Fn(&str) -> Option<String>) -> String {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let port = PORT_VARIABLES.into_iter().find_map(variable);
    let issuer = variable("JETON_ISSUER").unwrap_or_default();
    let path = issuer
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('/'))
        .map_or("", |(_, path)| path.trim_end_matches('/'));
    let stripped = variable("JETON_PROXY_STRIPS").unwrap_or_default();
    let stripped = stripped.trim_start_matches('/');
    let path = path.strip_prefix(stripped).unwrap_or(path);
    let path = path.trim_start_matches('/');
    let slash = if path.is_empty() { "" } else { "/" };
    let port = port.as_deref().unwrap_or(DEFAULT_PORT);
    format!("http://127.0.0.1:{port}{slash}{path}/health")
}

/// The HTTP status that `url` answers with. Asked without TLS: a mock with HTTPS answers plain HTTP on
/// the same port.
fn status(url: &str) -> Result<String> {
    let Some(rest) = url.strip_prefix("http://") else {
        bail!("expected http://HOST[:PORT][/PATH]");
    };
    if !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!("expected a URL in printable ASCII");
    }
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, "/health"),
    };
    let mut stream = connect(authority)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream.take(STATUS_LINE_LIMIT))
        .read_line(&mut line)
        .context("no answer")?;
    match line.split_ascii_whitespace().collect::<Vec<_>>().as_slice() {
        [version, status, ..] if version.starts_with("HTTP/1.") => Ok((*status).to_owned()),
        _ => bail!("expected an answer of HTTP/1.1, got {line:?}"),
    }
}

fn connect(authority: &str) -> Result<TcpStream> {
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let addresses = if has_port {
        authority.to_socket_addrs()
    } else {
        format!("{authority}:80").to_socket_addrs()
    };
    let mut refused = None;
    for address in addresses.context("expected HOST:PORT")? {
        match TcpStream::connect_timeout(&address, TIMEOUT) {
            Ok(stream) => return Ok(stream),
            Err(error) => refused = Some(error),
        }
    }
    match refused {
        Some(error) => Err(error.into()),
        None => bail!("the host has no address"),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead, BufReader, Write},
        net::TcpListener,
    };

    use super::{default_url, status};

    #[test]
    fn where_it_asks() {
        let check = |variables: &[(&str, &str)], expected: &str| {
            let url = default_url(|name| {
                let found = variables.iter().find(|(variable, _)| *variable == name);
                found.map(|(_, value)| (*value).to_owned())
            });
            assert_eq!(url, expected, "{variables:?}");
        };
        check(&[], "http://127.0.0.1:8080/health");
        check(&[("PORT", "1")], "http://127.0.0.1:1/health");
        check(
            &[("PORT", "1"), ("SERVER_PORT", "2")],
            "http://127.0.0.1:2/health",
        );
        check(
            &[("PORT", "1"), ("SERVER_PORT", "2"), ("JETON_PORT", "3")],
            "http://127.0.0.1:3/health",
        );
        check(
            &[("SERVER_PORT", ""), ("JETON_ISSUER", "https://a.test")],
            "http://127.0.0.1:8080/health",
        );
        check(
            &[("JETON_ISSUER", "https://a.test/b/c")],
            "http://127.0.0.1:8080/b/c/health",
        );
        for (stripped, expected) in [
            ("/b", "http://127.0.0.1:8080/c/health"),
            ("/b/c", "http://127.0.0.1:8080/health"),
            ("", "http://127.0.0.1:8080/b/c/health"),
        ] {
            let issuer = ("JETON_ISSUER", "https://a.test/b/c");
            check(&[issuer, ("JETON_PROXY_STRIPS", stripped)], expected);
        }
    }

    /// The status read from `answer`, and the request line that was sent.
    fn ask(host: &str, path: &str, answer: &'static str) -> (anyhow::Result<String>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let line = lines.next().unwrap().unwrap();
            // To the end of the headers: closing with something unread would cut the answer off.
            while !lines.next().unwrap().unwrap().is_empty() {}
            stream.write_all(answer.as_bytes()).unwrap();
            line
        });
        let status = status(&format!("http://{host}:{port}{path}"));
        (status, server.join().unwrap())
    }

    #[test]
    fn what_it_understands() {
        let (status, line) = ask("localhost", "", "HTTP/1.1 200 OK\r\n\r\n");
        assert_eq!(status.unwrap(), "200");
        assert_eq!(line, "GET /health HTTP/1.1");
        let (status, line) = ask("127.0.0.1", "/a/health", "HTTP/1.1 503 \r\n\r\n");
        assert_eq!(status.unwrap(), "503");
        assert_eq!(line, "GET /a/health HTTP/1.1");
        assert!(ask("127.0.0.1", "/", "SSH-2.0-x\r\n").0.is_err());
        assert!(ask("127.0.0.1", "/", "").0.is_err());
    }

    #[test]
    fn what_it_does_not_ask() {
        for url in [
            "localhost:9400",
            "https://localhost/health",
            "http://localhost/ a",
            "http://localhost:99999/",
            "http://",
        ] {
            assert!(status(url).is_err(), "{url}");
        }
    }
}
