use std::{
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use super::*;
use crate::registry::{
    Collection, Cursor, Document, Expected, Key, MemoryRegistry, Page, Put, Version,
};

const NOW: UnixTime = UnixTime(1_800_000_000);

/// A store whose reads take their time: each answers, at its second poll, what stood at its first.
#[derive(Default)]
struct Slow(MemoryRegistry);

impl Registry for Slow {
    async fn get(&self, key: &Key) -> Result<Option<Document>, Unavailable> {
        let began_with = self.0.get(key).await;
        let mut polled = false;
        std::future::poll_fn(|_| {
            if std::mem::replace(&mut polled, true) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
        began_with
    }

    async fn put(
        &self,
        key: &Key,
        document: &Document,
        expected: &Expected,
    ) -> Result<Put, Unavailable> {
        self.0.put(key, document, expected).await
    }

    async fn delete(&self, key: &Key, expected: &Expected) -> Result<Put, Unavailable> {
        self.0.delete(key, expected).await
    }

    async fn list(
        &self,
        collection: &Collection,
        after: Option<&Cursor>,
    ) -> Result<Page, Unavailable> {
        self.0.list(collection, after).await
    }
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
}

fn clients(registry: impl Registry) -> Clients<impl Registry> {
    Clients::new(&[], registry, Seconds(60))
}

fn put(registry: &impl Registry, key: &Key, text: &str) -> Version {
    let document = Document::new(text);
    let done = finish(registry.put(key, &document, &Expected::Anything)).unwrap();
    assert_eq!(done, Put::Done);
    document.version()
}

#[test]
fn a_read_begun_before_a_cut_off_does_not_undo_it() {
    let clients = clients(Slow::default());
    let of = CutOff::subject("alice");
    let mut reading = pin!(clients.cut_off(&of, NOW));
    assert!(
        poll(reading.as_mut()).is_pending(),
        "it has read that there is none"
    );
    finish(clients.put_cut_off(&of, NOW, NOW)).unwrap();
    assert_eq!(finish(reading).unwrap(), NOW);
    assert_eq!(finish(clients.cut_off(&of, NOW)).unwrap(), NOW);
}

#[test]
fn a_cut_off_only_grows() {
    let clients = clients(MemoryRegistry::default());
    let of = CutOff::subject("alice");
    let key = Key::cut_off(&clients.realm, &of);
    let cut_off = |now| finish(clients.cut_off(&of, now)).unwrap();
    finish(clients.put_cut_off(&of, NOW, NOW)).unwrap();
    finish(clients.put_cut_off(&of, NOW - Seconds(5), NOW)).unwrap();
    assert_eq!(cut_off(NOW), NOW);
    // What a store that is behind would show.
    put(
        &clients.registry,
        &key,
        of.document(NOW - Seconds(5)).as_str(),
    );
    assert_eq!(cut_off(NOW + Seconds(60)), NOW);
    put(
        &clients.registry,
        &key,
        of.document(NOW + Seconds(9)).as_str(),
    );
    assert_eq!(cut_off(NOW + Seconds(61)), NOW, "from memory");
    assert_eq!(cut_off(NOW + Seconds(120)), NOW + Seconds(9));
}

#[test]
fn what_cannot_be_read_is_unavailable_and_named() {
    let clients = clients(MemoryRegistry::default());
    let (id, of) = ("half \"".parse().unwrap(), CutOff::subject("alice"));
    for (text, expected) in [
        (r#"{"client_id":"ha"#, r#"registry: client "half \"": EOF"#),
        (
            r#"{"client_id":"else","token_endpoint_auth_method":"none"}"#,
            r#"registry: client "half \"": its client_id is another"#,
        ),
    ] {
        put(&clients.registry, &Key::client(&clients.realm, &id), text);
        let error = finish(clients.find(&id, NOW)).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    for (text, expected) in [
        ("1800000000".to_owned(), "invalid type"),
        (
            format!(r#"{{"of":"{}"}}"#, of.as_str()),
            "missing field `before`",
        ),
        (
            CutOff::subject("bob").document(NOW).as_str().to_owned(),
            "its `of` is another",
        ),
    ] {
        put(&clients.registry, &Key::cut_off(&clients.realm, &of), &text);
        let read = finish(clients.cut_off(&of, NOW)).unwrap_err();
        let written = finish(clients.put_cut_off(&of, NOW, NOW)).unwrap_err();
        for error in [read, written].map(|error| error.to_string()) {
            assert!(
                error.starts_with(r#"registry: cut_off "subject:"#),
                "{error}"
            );
            assert!(error.contains(expected), "{error}");
        }
    }
}
