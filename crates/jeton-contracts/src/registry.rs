//! The contract of [`Registry`].

use std::iter;

use futures_util::future::join_all;
use jeton::{
    ClientId, Collection, CutOff, Document, Expected, Key, Kind, PAGE, Put, Realm, Registry,
    UnixTime, put_cut_off,
};

mod keep;

pub use keep::registry_keeping;

/// How many writers race.
const RACERS: u64 = 8;

/// Names that a query language, a separator or a path could take for something else.
const HOSTILE: [&str; 9] = [
    "'; DROP TABLE document; --",
    "a#b",
    "a:b",
    "client:a/b",
    "two/client:a",
    "/../ %00",
    "%",
    " ",
    "~",
];

/// The contract of [`Registry`]. The store must be empty, and show a write at once.
pub async fn registry(registry: &impl Registry) {
    let alone = Realm::default();
    let realms: [Realm; 2] = ["one", "two"].map(|realm| realm.parse().unwrap());
    for realm in iter::once(&alone).chain(&realms) {
        expectations(registry, realm).await;
        races(registry, realm).await;
        kept_as_written(registry, realm).await;
        cut_offs(registry, realm).await;
    }
    two_writers(registry, &alone).await;
    collections_apart(registry, &[&alone, &realms[0], &realms[1]]).await;
    pages(registry, &"pages".parse().unwrap()).await;
}

fn client(realm: &Realm, name: &str) -> Key {
    Key::client(realm, &name.parse::<ClientId>().unwrap())
}

fn document(name: &str, says: &str) -> Document {
    Document::new(format!(
        r#"{{"client_id":"{name}","client_name":"{says}"}}"#
    ))
}

fn version(document: &Document) -> Expected {
    Expected::Version(document.version())
}

async fn put(registry: &impl Registry, key: &Key, document: &Document, expected: &Expected) -> Put {
    registry.put(key, document, expected).await.unwrap()
}

async fn delete(registry: &impl Registry, key: &Key, expected: &Expected) -> Put {
    registry.delete(key, expected).await.unwrap()
}

/// What the store shows under `key`, which is what stands there.
async fn get(registry: &impl Registry, key: &Key) -> Option<Document> {
    let shown = registry.get(key).await.unwrap();
    assert_eq!(registry.standing(key).await.unwrap(), shown, "{key}");
    shown
}

async fn expectations(registry: &impl Registry, realm: &Realm) {
    let key = client(realm, "contract-expected");
    let [first, second, third] = ["1", "2", "3"].map(|says| document("contract-expected", says));
    let conflict = |standing: &Document| Put::Conflict(Some(standing.clone()));

    assert_eq!(get(registry, &key).await, None, "a name never written");
    let refused = put(registry, &key, &first, &version(&second)).await;
    assert_eq!(refused, Put::Conflict(None), "a version of what is absent");
    assert_eq!(get(registry, &key).await, None, "a refused write");
    let absent = delete(registry, &key, &Expected::Anything).await;
    assert_eq!(absent, Put::Done, "deleting what is absent");

    assert_eq!(
        put(registry, &key, &first, &Expected::Absent).await,
        Put::Done
    );
    assert_eq!(get(registry, &key).await.as_ref(), Some(&first));
    let other = client(realm, "contract-Expected");
    assert_eq!(
        get(registry, &other).await,
        None,
        "names are case-sensitive"
    );
    let refused = put(registry, &key, &second, &Expected::Absent).await;
    assert_eq!(refused, conflict(&first), "something stands");
    let refused = put(registry, &key, &second, &version(&third)).await;
    assert_eq!(refused, conflict(&first), "another version");
    assert_eq!(get(registry, &key).await.as_ref(), Some(&first));

    assert_eq!(
        put(registry, &key, &second, &version(&first)).await,
        Put::Done
    );
    let again = put(registry, &key, &second, &version(&first)).await;
    assert_eq!(again, Put::Done, "a first try whose answer was lost");
    assert_eq!(get(registry, &key).await.as_ref(), Some(&second));
    assert_eq!(
        put(registry, &key, &third, &Expected::Anything).await,
        Put::Done
    );
    assert_eq!(get(registry, &key).await.as_ref(), Some(&third));

    let refused = delete(registry, &key, &version(&second)).await;
    assert_eq!(refused, conflict(&third), "deleting another version");
    let refused = delete(registry, &key, &Expected::Absent).await;
    assert_eq!(refused, conflict(&third), "deleting what should be absent");
    assert_eq!(get(registry, &key).await.as_ref(), Some(&third));
    assert_eq!(delete(registry, &key, &version(&third)).await, Put::Done);
    assert_eq!(get(registry, &key).await, None, "deleted");
    assert_eq!(
        delete(registry, &key, &version(&third)).await,
        Put::Done,
        "again"
    );
    assert_eq!(
        put(registry, &key, &first, &Expected::Absent).await,
        Put::Done
    );
    assert_eq!(delete(registry, &key, &Expected::Anything).await, Put::Done);
}

async fn races(registry: &impl Registry, realm: &Realm) {
    let key = client(realm, "contract-race");
    let racer = |round: &str, n: u64| document("contract-race", &format!("{round} {n}"));
    let mut expected = Expected::Absent;
    for round in ["nothing", "a version", "the next version"] {
        let outcomes = join_all((0..RACERS).map(|n| {
            let (key, expected) = (&key, &expected);
            async move { put(registry, key, &racer(round, n), expected).await }
        }))
        .await;
        let won: Vec<_> = (0..RACERS)
            .zip(&outcomes)
            .filter(|(_, outcome)| **outcome == Put::Done)
            .map(|(n, _)| racer(round, n))
            .collect();
        assert_eq!(won.len(), 1, "writers that expect {round}: {outcomes:?}");
        assert_eq!(get(registry, &key).await.as_ref(), won.first(), "{round}");
        expected = version(&won[0]);
    }
    let deleted = join_all((0..RACERS).map(|n| {
        let (key, expected) = (&key, &expected);
        async move {
            match n {
                0 => delete(registry, key, expected).await,
                n => put(registry, key, &racer("last", n), expected).await,
            }
        }
    }))
    .await;
    let done = deleted.iter().filter(|outcome| **outcome == Put::Done);
    assert_eq!(done.count(), 1, "one deletes, others write: {deleted:?}");
    delete(registry, &key, &Expected::Anything).await;
}

/// Two writers of one client, a hundred times: both read the same document and change it, one of them is
/// refused, and does it again on what then stands. Nobody's change is lost.
async fn two_writers(registry: &impl Registry, realm: &Realm) {
    const TIMES: usize = 100;
    let key = client(realm, "contract-writers");
    put(registry, &key, &Document::new("{}"), &Expected::Anything).await;
    let add = async |standing: &Document, writer: &str| {
        let next = standing.as_str().replace('}', &format!("{writer} }}"));
        put(registry, &key, &Document::new(next), &version(standing)).await
    };
    for time in 0..TIMES {
        let standing = get(registry, &key).await.unwrap();
        let (one, other) = futures_util::join!(add(&standing, "one"), add(&standing, "other"));
        let (refused, late) = match (one, other) {
            (Put::Conflict(Some(refused)), Put::Done) => (refused, "one"),
            (Put::Done, Put::Conflict(Some(refused))) => (refused, "other"),
            outcomes => panic!("the {time}th time both expect the same: {outcomes:?}"),
        };
        assert_eq!(add(&refused, late).await, Put::Done);
    }
    let written = get(registry, &key).await.unwrap();
    for writer in ["one", "other"] {
        let kept = written.as_str().split([' ', '{', '}']);
        let kept = kept.filter(|word| *word == writer).count();
        assert_eq!(kept, TIMES, "what {writer} wrote");
    }
    delete(registry, &key, &Expected::Anything).await;
}

async fn kept_as_written(registry: &impl Registry, realm: &Realm) {
    let long = "x".repeat(20_000);
    for text in [
        r#"{ "client_id" : "contract-text", "from_the_future": [1.0, 18446744073709551615, {"ä":"\u00e4"}] }"#,
        "{\"client_id\":\n\t\"contract-text\"}\n",
        "{ not JSON at all '; -- \" \\ \u{1f980}",
        &long,
    ] {
        let key = client(realm, "contract-text");
        let written = Document::new(text);
        put(registry, &key, &written, &Expected::Anything).await;
        assert_eq!(get(registry, &key).await, Some(written));
        delete(registry, &key, &Expected::Anything).await;
    }
}

async fn cut_offs(registry: &impl Registry, realm: &Realm) {
    let alice = CutOff::subject("contract alice'");
    let set = async |at: u64| {
        let standing = put_cut_off(registry, realm, &alice, UnixTime(at)).await;
        standing.unwrap().0
    };
    let key = Key::cut_off(realm, &alice);
    assert_eq!(set(1_800_000_000).await, 1_800_000_000);
    assert_eq!(set(1_700_000_000).await, 1_800_000_000, "it only grows");
    assert_eq!(
        set(1_799_999_999).await,
        1_800_000_000,
        "a clock a second behind"
    );
    // Who was accepted after the first and before the second is dated to the first.
    assert_eq!(set(1_800_000_000).await, 1_800_000_001, "twice in a second");
    assert_eq!(set(1_800_000_000).await, 1_800_000_001, "and no further");
    let standing = get(registry, &key).await.unwrap();
    assert_eq!(
        standing.as_str(),
        format!(r#"{{"of":"{}","before":1800000001}}"#, alice.as_str())
    );
    let newer = Document::new(standing.as_str().replace('}', r#","reason":"theft"}"#));
    put(registry, &key, &newer, &version(&standing)).await;
    let times = (0..RACERS).map(|n| 1_900_000_000 + n * 5 % RACERS);
    join_all(times.map(set)).await;
    let standing = get(registry, &key).await.unwrap();
    assert_eq!(
        standing.as_str(),
        newer.as_str().replace("1800000001", "1900000007"),
        "the latest of a race, and what another release added"
    );
    let client = CutOff::client(&"contract alice'".parse().unwrap());
    assert_eq!(get(registry, &Key::cut_off(realm, &client)).await, None);

    // Those of a subject at single clients stand in the same document, and none is lost in a race.
    let at_clients = (0..RACERS).map(async |n| {
        let of = CutOff::subject_at("contract alice'", &format!("app {n}").parse().unwrap());
        let at = UnixTime(2_000_000_000 + n);
        let standing = put_cut_off(registry, realm, &of, at).await;
        assert_eq!(standing.unwrap(), at);
    });
    join_all(at_clients).await;
    let text = get(registry, &key).await.unwrap();
    for n in 0..RACERS {
        assert!(text.as_str().contains(&(2_000_000_000 + n).to_string()));
    }
    assert!(text.as_str().contains(r#""before":1900000007,"#));
    assert!(text.as_str().contains(r#""reason":"theft""#));
    delete(registry, &key, &Expected::Anything).await;
}

/// The same hostile names in every collection: none is taken for another, and each is listed in its own.
async fn collections_apart(registry: &impl Registry, realms: &[&Realm]) {
    let longest = "z".repeat(255);
    let mut names: Vec<&str> = HOSTILE.into_iter().chain([longest.as_str()]).collect();
    names.sort_unstable();
    let mut collections = Vec::new();
    for realm in realms {
        for kind in Kind::ALL {
            let realm = (*realm).clone();
            collections.push(Collection { realm, kind });
        }
    }
    let keys_of = |collection: &Collection| {
        let collection = collection.clone();
        names.clone().into_iter().map(move |name| Key {
            collection: collection.clone(),
            name: name.to_owned(),
        })
    };
    let whole = |collection: &Collection| -> Vec<_> {
        keys_of(collection)
            .map(|key| (key.name.clone(), Document::new(key.to_string())))
            .collect()
    };
    for key in collections.iter().flat_map(keys_of) {
        assert_eq!(get(registry, &key).await, None, "{key}");
        let document = Document::new(key.to_string());
        let written = put(registry, &key, &document, &Expected::Absent).await;
        assert_eq!(written, Put::Done, "{key}");
        assert_eq!(get(registry, &key).await, Some(document), "{key}");
    }
    for (index, collection) in collections.iter().enumerate() {
        assert_eq!(list(registry, collection).await, whole(collection));
        for key in keys_of(collection) {
            delete(registry, &key, &Expected::Anything).await;
            assert_eq!(get(registry, &key).await, None, "{key}");
        }
        assert_eq!(list(registry, collection).await, [], "{collection:?}");
        for other in &collections[index + 1..] {
            let kept = list(registry, other).await;
            assert_eq!(kept, whole(other), "{collection:?} took some along");
        }
    }
}

async fn pages(registry: &impl Registry, realm: &Realm) {
    let collection = Collection {
        realm: realm.clone(),
        kind: Kind::Client,
    };
    assert_eq!(list(registry, &collection).await, [], "an empty collection");
    let mut expected: Vec<_> = (0..2 * PAGE + 7)
        .map(|n| {
            let name = format!("contract-{n}");
            let document = document(&name, "listed");
            (name, document)
        })
        .collect();
    join_all(expected.iter().map(|(name, document)| async {
        put(registry, &client(realm, name), document, &Expected::Absent).await
    }))
    .await;
    expected.sort_by(|(one, _), (other, _)| one.cmp(other));
    assert_eq!(list(registry, &collection).await, expected);

    let (gone, _) = expected.remove(PAGE);
    delete(registry, &client(realm, &gone), &Expected::Anything).await;
    assert_eq!(
        list(registry, &collection).await,
        expected,
        "without {gone}"
    );
    for (name, _) in &expected {
        delete(registry, &client(realm, name), &Expected::Anything).await;
    }
    assert_eq!(list(registry, &collection).await, [], "all deleted");
}

/// The documents of all pages.
async fn list(registry: &impl Registry, collection: &Collection) -> Vec<(String, Document)> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = registry.list(collection, after.as_ref()).await.unwrap();
        assert!(
            page.documents.len() <= PAGE,
            "a page of {}",
            page.documents.len()
        );
        all.extend(page.documents);
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}
