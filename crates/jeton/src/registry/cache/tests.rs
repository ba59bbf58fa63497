use std::{
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use super::{bounds::CAPACITY, *};
use crate::{
    config::{Config, IssuerIdentifier},
    document::{Document, Expected, Put, Version},
    mode::Mode,
    registry::{Collection, Cursor, Key, MemoryRegistry, Page, put_cut_off},
    secret::{PUBLIC_SECRET, Secrets},
};

pub(super) const NOW: UnixTime = UnixTime(1_800_000_000);

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

pub(super) fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = poll(future.as_mut()) {
            return output;
        }
    }
}

/// A deployment's registry on this store.
pub(super) fn store<R: Registry>(registry: R) -> Arc<Store<R>> {
    let issuer = IssuerIdentifier::parse("https://id.example", Mode::Production).unwrap();
    let secrets = Secrets::parse(PUBLIC_SECRET, Mode::Development).unwrap();
    let config = Config::new(Mode::Development, issuer, secrets);
    Arc::new(Store::new(&config, registry))
}

fn clients(registry: impl Registry) -> Clients<impl Registry> {
    Clients::new(&[], store(registry), Seconds(60))
}

pub(super) fn put(registry: &impl Registry, key: &Key, text: &str) -> Version {
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
    let key = Key::cut_off(clients.store.realm(), &of);
    let cut_off = |now| finish(clients.cut_off(&of, now)).unwrap();
    finish(clients.put_cut_off(&of, NOW, NOW)).unwrap();
    finish(clients.put_cut_off(&of, NOW - Seconds(5), NOW)).unwrap();
    assert_eq!(cut_off(NOW), NOW);
    // What a store that is behind would show.
    put(
        clients.store.registry(),
        &key,
        of.document(NOW - Seconds(5)).as_str(),
    );
    assert_eq!(cut_off(NOW + Seconds(60)), NOW);
    put(
        clients.store.registry(),
        &key,
        of.document(NOW + Seconds(9)).as_str(),
    );
    assert_eq!(cut_off(NOW + Seconds(61)), NOW, "from memory");
    assert_eq!(cut_off(NOW + Seconds(120)), NOW + Seconds(9));
}

#[test]
fn the_cut_offs_of_a_subject_and_of_that_at_clients_are_read_together() {
    let clients = clients(MemoryRegistry::default());
    let [app, other] = ["app", "other"].map(|id| CutOff::subject_at("alice", &id.parse().unwrap()));
    let alice = CutOff::subject("alice");
    let cut_offs = |now| {
        let find = |of| finish(clients.cut_off(of, now)).unwrap();
        [find(&alice), find(&app), find(&other)]
    };
    let none = UnixTime(0);
    assert_eq!(cut_offs(NOW), [none; 3]);
    finish(clients.put_cut_off(&app, NOW, NOW)).unwrap();
    assert_eq!(cut_offs(NOW), [none, NOW, none]);
    let key = Key::cut_off(clients.store.realm(), &alice);
    assert_eq!(Key::cut_off(clients.store.realm(), &app), key);
    // Set by another process, of which this one has read nothing yet.
    let later = NOW + Seconds(9);
    finish(put_cut_off(
        clients.store.registry(),
        clients.store.realm(),
        &other,
        later,
    ))
    .unwrap();
    let at = NOW + Seconds(60);
    assert_eq!(cut_offs(at), [none, NOW, later], "both stand in one");
    // What a store that is behind would show.
    put(clients.store.registry(), &key, other.document(NOW).as_str());
    assert_eq!(cut_offs(NOW + Seconds(120)), [none, NOW, later]);
    finish(clients.put_cut_off(&alice, later, NOW)).unwrap();
    assert_eq!(cut_offs(NOW), [later; 3]);
    let document = finish(clients.store.registry().get(&key)).unwrap().unwrap();
    assert_eq!(document, alice.document(later), "single ones have gone");
}

#[test]
fn what_cannot_be_read_is_unavailable_and_named() {
    let clients = clients(MemoryRegistry::default());
    let (id, of) = ("half \"".parse().unwrap(), CutOff::subject("alice"));
    for (text, expected) in [
        (
            r#"{"client_id":"ha"#,
            r#"registry: client "half \"": line 1, column 16: no JSON"#,
        ),
        (
            r#"{"client_id":"else","token_endpoint_auth_method":"none"}"#,
            r#"registry: client "half \"": its client_id is another"#,
        ),
    ] {
        put(
            clients.store.registry(),
            &Key::client(clients.store.realm(), &id),
            text,
        );
        let error = finish(clients.find(&id, NOW)).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    for (text, expected) in [
        ("1800000000".to_owned(), "expected an object"),
        (
            format!(r#"{{"of":"{}"}}"#, of.as_str()),
            "before: expected a value",
        ),
        (
            CutOff::subject("bob").document(NOW).as_str().to_owned(),
            "its `of` is another",
        ),
    ] {
        put(
            clients.store.registry(),
            &Key::cut_off(clients.store.realm(), &of),
            &text,
        );
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

/// Has the cache read so many other cut-offs that it starts anew.
fn flood(clients: &Clients<impl Registry>) {
    for n in 0..=CAPACITY {
        finish(clients.cut_off(&CutOff::subject(&n.to_string()), NOW)).unwrap();
    }
}

#[test]
fn a_cut_off_set_here_survives_a_flood_of_others() {
    let clients = clients(Slow::default());
    let of = CutOff::subject("alice");
    let key = Key::cut_off(clients.store.realm(), &of);
    let mut reading = pin!(clients.cut_off(&of, NOW));
    assert!(poll(reading.as_mut()).is_pending(), "it has read none");
    finish(clients.put_cut_off(&of, NOW, NOW)).unwrap();
    // What a store shows that is a minute behind.
    put(
        clients.store.registry(),
        &key,
        of.document(NOW - Seconds(500)).as_str(),
    );
    flood(&clients);
    assert_eq!(finish(clients.cut_off(&of, NOW)).unwrap(), NOW);
    flood(&clients);
    assert_eq!(finish(reading).unwrap(), NOW, "begun before it was set");
    assert_eq!(finish(clients.cut_off(&of, NOW)).unwrap(), NOW);
}

#[test]
fn memory_of_cut_offs_is_bounded() {
    let clients = clients(MemoryRegistry::default());
    let of = |n: usize| CutOff::subject(&n.to_string());
    for n in 0..=CAPACITY {
        let at = NOW + Seconds(n as u64 / 1000);
        finish(clients.put_cut_off(&of(n), at, at)).unwrap();
    }
    let known = lock(&clients.cut_offs);
    assert_eq!(known.len(), (1, CAPACITY));
}

fn record(id: &str, scope: &str) -> String {
    format!(
        r#"{{"client_id":"{id}","token_endpoint_auth_method":"none","redirect_uris":["https://a.example"],"scope":"{scope}"}}"#
    )
}

#[test]
fn of_two_reads_of_a_client_the_later_is_believed() {
    let clients = clients(Slow::default());
    let id: ClientId = "app".parse().unwrap();
    let key = Key::client(clients.store.realm(), &id);
    let scope = |client: Option<Arc<Client>>| client.map(|it| it.scope.to_string());
    put(clients.store.registry(), &key, &record("app", "admin"));
    let mut early = pin!(clients.find(&id, NOW));
    assert!(poll(early.as_mut()).is_pending(), "it has read admin");
    put(clients.store.registry(), &key, &record("app", "read"));
    assert_eq!(
        scope(finish(clients.find(&id, NOW)).unwrap()).unwrap(),
        "read"
    );
    assert_eq!(scope(finish(early).unwrap()).unwrap(), "read");
    assert_eq!(
        scope(finish(clients.find(&id, NOW)).unwrap()).unwrap(),
        "read"
    );
    // The same where the client goes.
    let now = NOW + Seconds(60);
    let mut early = pin!(clients.find(&id, now));
    assert!(poll(early.as_mut()).is_pending(), "it has read the client");
    finish(clients.store.registry().delete(&key, &Expected::Anything)).unwrap();
    assert_eq!(finish(clients.find(&id, now)).unwrap(), None);
    assert_eq!(finish(early).unwrap(), None);
}

#[test]
fn that_a_client_is_unknown_is_remembered_for_seconds() {
    let clients = clients(MemoryRegistry::default());
    let id: ClientId = "app".parse().unwrap();
    let find = |now| finish(clients.find(&id, now)).unwrap().is_some();
    assert!(!find(NOW));
    put(
        clients.store.registry(),
        &Key::client(clients.store.realm(), &id),
        &record("app", "read"),
    );
    assert!(!find(NOW + Seconds(4)));
    assert!(find(NOW + Seconds(5)));
    // As the id of no client it may be older: a person's subject is rarely one.
    let known = |now| finish(clients.is_client("bob", now)).unwrap();
    assert!(!known(NOW));
    put(
        clients.store.registry(),
        &Key::client(clients.store.realm(), &"bob".parse().unwrap()),
        &record("bob", "read"),
    );
    assert!(!known(NOW + Seconds(59)));
    assert!(known(NOW + Seconds(60)));
}

#[test]
fn a_clock_set_back_keeps_nothing_for_ever() {
    let clients = clients(MemoryRegistry::default());
    let id: ClientId = "app".parse().unwrap();
    let key = Key::client(clients.store.realm(), &id);
    put(clients.store.registry(), &key, &record("app", "admin"));
    let scope = |now| {
        finish(clients.find(&id, now))
            .unwrap()
            .unwrap()
            .scope
            .to_string()
    };
    assert_eq!(scope(NOW), "admin");
    put(clients.store.registry(), &key, &record("app", "read"));
    assert_eq!(scope(NOW - Seconds(3600)), "read");
}

#[test]
fn a_subject_is_compared_with_client_ids_whatever_the_case() {
    let configured = r#"{"client_id":"M2M","token_endpoint_auth_method":"none","grant_types":[]}"#;
    let configured = Client::from_record(configured).unwrap();
    let registry = MemoryRegistry::default();
    let clients = Clients::new(&[configured], store(registry), Seconds(60));
    for id in ["stored", "Mixed"] {
        let key = Key::client(clients.store.realm(), &id.parse().unwrap());
        put(clients.store.registry(), &key, &record(id, "read"));
    }
    for (subject, is_one) in [
        ("M2M", true),
        ("m2m", true),
        ("m2M", true),
        ("stored", true),
        ("STORED", true),
        ("Mixed", true),
        // A store finds only what is spelled as its key.
        ("mixed", false),
        ("m2m2", false),
        ("müller", false),
    ] {
        let answer = finish(clients.is_client(subject, NOW)).unwrap();
        assert_eq!(answer, is_one, "{subject}");
    }
}

#[test]
fn whoever_registers_a_client_has_no_other_read_again() {
    let clients = clients(MemoryRegistry::default());
    let key = |id: &str| Key::client(clients.store.realm(), &id.parse().unwrap());
    let write = |id: &str| {
        let (key, document) = (key(id), Document::new(record(id, "read")));
        let change = clients.change(&key, Some(&document), &Expected::Absent, NOW);
        assert_eq!(finish(change).unwrap(), Put::Done);
    };
    let known = |id: &str| finish(clients.find(&id.parse().unwrap(), NOW)).unwrap();
    put(
        clients.store.registry(),
        &key("app"),
        &record("app", "read"),
    );
    assert!(known("app").is_some() && known("new").is_none());
    write("new");
    assert_eq!(
        clients.registered.len(),
        (1, 0),
        "app stays, that there is no new one goes"
    );
    assert!(known("new").is_some());
    // Of an API's clients each rests on its document.
    let document = Document::new(r#"{"identifier":"https://api"}"#);
    let api = Key::api(clients.store.realm(), "https://api");
    let anything = Expected::Anything;
    finish(clients.change(&api, Some(&document), &anything, NOW)).unwrap();
    assert_eq!(clients.registered.len(), (0, 0));
}

#[test]
fn a_client_past_its_end_is_not_found_whatever_is_remembered() {
    let clients = clients(MemoryRegistry::default());
    let id: ClientId = "brief".parse().unwrap();
    let key = Key::client(clients.store.realm(), &id);
    let end = (NOW + Seconds(30)).0;
    let brief = record("brief", "read").replace('}', &format!(r#","client_expires_at":{end}}}"#));
    put(clients.store.registry(), &key, &brief);
    let found = |now| finish(clients.find(&id, now)).unwrap().is_some();
    assert!(found(NOW) && found(NOW + Seconds(29)));
    assert!(!found(NOW + Seconds(30)));
    assert!(
        finish(clients.find_also_disabled(&id, NOW + Seconds(30)))
            .unwrap()
            .is_some()
    );
    assert!(finish(clients.is_client("brief", NOW + Seconds(30))).unwrap());
}
