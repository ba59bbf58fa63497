//! Documents of a person, which are written over the version that is expected.

use futures_util::future::join_all;
use jeton::{Document, Expected, LONGEST_PERSONAL, Ledger, PersonalKey, Put, Seconds, UnixTime};

use super::{NOW, Run};

/// How many writers race.
const RACERS: u64 = 8;

/// How often two writers write one document.
const TIMES: usize = 30;

const SECOND: Seconds = Seconds(1);

const UNTIL: UnixTime = UnixTime(NOW.0 + 1000);

pub(super) async fn documents(ledger: &impl Ledger, run: &Run<'_>) {
    expectations(ledger, &key(run, "expected")).await;
    kept_as_written(ledger, run).await;
    expiry(ledger, &key(run, "expiry")).await;
    kept_as_long_as_anybody_wants(ledger, &key(run, "longer")).await;
    races(ledger, &key(run, "race")).await;
    racing_for_time(ledger, &key(run, "race for time")).await;
    two_writers(ledger, &key(run, "two writers")).await;
}

fn key(run: &Run<'_>, whose: &str) -> PersonalKey {
    PersonalKey::new("contract", &run.id(whose).to_string())
}

fn document(says: impl std::fmt::Display) -> Document {
    Document::of_person(format!(r#"{{"says":"{says}"}}"#)).unwrap()
}

fn version(document: &Document) -> Expected {
    Expected::Version(document.version())
}

fn conflict(standing: &Document) -> Put {
    Put::Conflict(Some(standing.clone()))
}

async fn put(
    ledger: &impl Ledger,
    key: &PersonalKey,
    document: &Document,
    expected: &Expected,
) -> Put {
    let put = ledger.put_personal(key, Some(document), expected, UNTIL, NOW);
    put.await.unwrap()
}

async fn remove(ledger: &impl Ledger, key: &PersonalKey, expected: &Expected) -> Put {
    let removed = ledger.put_personal(key, None, expected, UNTIL, NOW);
    removed.await.unwrap()
}

async fn standing(ledger: &impl Ledger, key: &PersonalKey) -> Option<Document> {
    ledger.personal(key, NOW).await.unwrap()
}

async fn expectations(ledger: &impl Ledger, key: &PersonalKey) {
    let [first, second, third] = ["1", "2", "3"].map(document);

    assert_eq!(standing(ledger, key).await, None, "never written");
    let refused = put(ledger, key, &first, &version(&second)).await;
    assert_eq!(refused, Put::Conflict(None), "a version of what is absent");
    assert_eq!(standing(ledger, key).await, None, "a refused write");
    for expected in [Expected::Absent, Expected::Anything, version(&first)] {
        let removed = remove(ledger, key, &expected).await;
        assert_eq!(removed, Put::Done, "removing what is absent");
    }

    assert_eq!(put(ledger, key, &first, &Expected::Absent).await, Put::Done);
    assert_eq!(standing(ledger, key).await.as_ref(), Some(&first));
    let refused = put(ledger, key, &second, &Expected::Absent).await;
    assert_eq!(refused, conflict(&first), "something stands");
    for other in [&second, &third] {
        let refused = put(ledger, key, &second, &version(other)).await;
        assert_eq!(refused, conflict(&first), "another version");
    }
    assert_eq!(standing(ledger, key).await.as_ref(), Some(&first));

    assert_eq!(put(ledger, key, &second, &version(&first)).await, Put::Done);
    for expected in [&version(&first), &version(&second), &Expected::Absent] {
        let again = put(ledger, key, &second, expected).await;
        assert_eq!(again, Put::Done, "a first try whose answer was lost");
    }
    assert_eq!(standing(ledger, key).await.as_ref(), Some(&second));
    let written = put(ledger, key, &third, &Expected::Anything).await;
    assert_eq!(written, Put::Done);
    assert_eq!(standing(ledger, key).await.as_ref(), Some(&third));

    let refused = remove(ledger, key, &version(&second)).await;
    assert_eq!(refused, conflict(&third), "removing another version");
    let refused = remove(ledger, key, &Expected::Absent).await;
    assert_eq!(refused, conflict(&third), "removing what should be absent");
    assert_eq!(standing(ledger, key).await.as_ref(), Some(&third));
    for what in ["removed", "and once more"] {
        let removed = remove(ledger, key, &version(&third)).await;
        assert_eq!(removed, Put::Done, "{what}");
        assert_eq!(standing(ledger, key).await, None, "{what}");
    }
    assert_eq!(put(ledger, key, &first, &Expected::Absent).await, Put::Done);
    let removed = remove(ledger, key, &Expected::Anything).await;
    assert_eq!(removed, Put::Done);
    assert_eq!(standing(ledger, key).await, None);
}

/// Texts are kept byte by byte, under the key that they were written under.
async fn kept_as_written(ledger: &impl Ledger, run: &Run<'_>) {
    // As long as any may be, with what a store that quotes or cuts would change.
    let begin = "{\"a\":\"\u{1f511}'\\\"\u{0}\u{7f}\u{e000}\n";
    let longest = format!("{begin}{}", "\"".repeat(LONGEST_PERSONAL - begin.len()));
    assert_eq!(longest.len(), LONGEST_PERSONAL);
    let texts = [
        r#"{ "from_the_future": [1.0, 18446744073709551615, {"ä":"\u00e4"}] }"#,
        "{ not JSON at all '; -- \" \\ \u{1f980}",
        " ",
        &longest,
    ];
    let person = run.id("as written").to_string();
    let keys: Vec<_> = (0..texts.len())
        .map(|number| PersonalKey::new(&format!("contract {number}"), &person))
        .collect();
    for (key, text) in keys.iter().zip(texts) {
        assert_eq!(standing(ledger, key).await, None, "another kind");
        let document = Document::of_person(text).unwrap();
        assert_eq!(
            put(ledger, key, &document, &Expected::Absent).await,
            Put::Done
        );
        let refused = put(ledger, key, &self::document("other"), &Expected::Absent).await;
        assert_eq!(refused, conflict(&document), "as it is");
        let again = put(ledger, key, &document, &version(&document)).await;
        assert_eq!(again, Put::Done);
    }
    for (key, text) in keys.iter().zip(texts) {
        let standing = standing(ledger, key).await;
        let standing = standing.as_ref().map(Document::as_str);
        assert!(standing == Some(text), "{} bytes", text.len());
        let removed = remove(ledger, key, &Expected::Anything).await;
        assert_eq!(removed, Put::Done);
    }
}

/// What has expired counts as absent, whether or not it is still stored.
async fn expiry(ledger: &impl Ledger, key: &PersonalKey) {
    let [first, second] = ["1", "2"].map(document);
    let end = NOW + Seconds(10);
    let last = NOW + Seconds(9);
    let later = end + Seconds(10);
    let write = async |next: Option<&Document>, expected: &Expected, until, now| {
        let put = ledger.put_personal(key, next, expected, until, now);
        put.await.unwrap()
    };
    let standing = async |now| ledger.personal(key, now).await.unwrap();

    let written = write(Some(&first), &Expected::Absent, end, NOW).await;
    assert_eq!(written, Put::Done);
    assert_eq!(
        standing(last).await.as_ref(),
        Some(&first),
        "in its last second"
    );
    let refused = write(Some(&second), &Expected::Absent, later, last).await;
    assert_eq!(refused, conflict(&first), "in its last second");
    assert_eq!(standing(end).await, None, "at its end");
    for next in [&first, &second] {
        let refused = write(Some(next), &version(&first), later, end).await;
        assert_eq!(refused, Put::Conflict(None), "a version that has expired");
    }
    let written = write(Some(&second), &Expected::Absent, later, end).await;
    assert_eq!(written, Put::Done, "free again");
    assert_eq!(standing(end).await.as_ref(), Some(&second));

    let end = later;
    let later = end + Seconds(10);
    let written = write(Some(&second), &Expected::Absent, later, end).await;
    assert_eq!(written, Put::Done, "the same text anew");
    assert_eq!(
        standing(later - Seconds(1)).await.as_ref(),
        Some(&second),
        "anew"
    );
    for expected in [version(&second), version(&first), Expected::Absent] {
        let removed = write(None, &expected, later, later).await;
        assert_eq!(removed, Put::Done, "removing what has expired");
    }
    let written = write(Some(&first), &Expected::Anything, later + SECOND, later).await;
    assert_eq!(written, Put::Done);
    assert_eq!(standing(later).await.as_ref(), Some(&first));
    assert_eq!(standing(later + SECOND).await, None);
}

/// A write that changes nothing moves the end to the later one; one that changes something has an end of its
/// own.
async fn kept_as_long_as_anybody_wants(ledger: &impl Ledger, key: &PersonalKey) {
    let [first, second] = ["1", "2"].map(document);
    let at = |seconds: u64| NOW + Seconds(seconds);
    let write = async |document: &Document, expected: &Expected, until| {
        let put = ledger.put_personal(key, Some(document), expected, until, NOW);
        assert_eq!(put.await.unwrap(), Put::Done);
    };
    let ends = async |document: &Document, end: UnixTime, what: &str| {
        let last = ledger.personal(key, end - SECOND).await.unwrap();
        assert_eq!(last.as_ref(), Some(document), "{what}: its last second");
        let ended = ledger.personal(key, end).await.unwrap();
        assert_eq!(ended, None, "{what}: its end");
    };

    write(&first, &Expected::Absent, at(10)).await;
    let mut latest = 10;
    for (what, expected) in [
        ("absent", &Expected::Absent),
        ("anything", &Expected::Anything),
        ("its version", &version(&first)),
        ("another version", &version(&second)),
    ] {
        latest += 10;
        write(&first, expected, at(latest)).await;
        ends(&first, at(latest), what).await;
        for less in [5, 0] {
            write(&first, expected, at(latest - less)).await;
            ends(&first, at(latest), &format!("{what}, then {less} less")).await;
        }
    }
    write(&second, &version(&first), at(15)).await;
    ends(&second, at(15), "another document").await;
    write(&first, &Expected::Anything, at(5)).await;
    ends(&first, at(5), "whatever stands").await;
    assert_eq!(
        remove(ledger, key, &version(&first)).await,
        Put::Done,
        "removed"
    );
    write(&first, &Expected::Absent, at(3)).await;
    ends(&first, at(3), "what was removed has left no end").await;
}

async fn races(ledger: &impl Ledger, key: &PersonalKey) {
    let racer = |round: &str, n: u64| document(format!("{round} {n}"));
    let mut expected = Expected::Absent;
    for round in ["nothing", "a version", "the next version"] {
        let documents: Vec<_> = (0..RACERS).map(|n| racer(round, n)).collect();
        let writes = documents
            .iter()
            .map(|document| put(ledger, key, document, &expected));
        let outcomes = join_all(writes).await;
        let won: Vec<_> = documents
            .iter()
            .zip(&outcomes)
            .filter_map(|(document, outcome)| (*outcome == Put::Done).then_some(document))
            .collect();
        let [won] = won[..] else {
            panic!("writers that expect {round}: {outcomes:?}");
        };
        assert_eq!(standing(ledger, key).await.as_ref(), Some(won), "{round}");
        let lost = outcomes.iter().filter(|outcome| **outcome != Put::Done);
        assert!(
            lost.clone().all(|outcome| *outcome == conflict(won)),
            "a loser sees what stands: {outcomes:?}"
        );
        expected = version(won);
    }
    let outcomes = join_all((0..RACERS).map(|n| {
        let expected = &expected;
        async move {
            match n {
                0 => remove(ledger, key, expected).await,
                n => put(ledger, key, &racer("last", n), expected).await,
            }
        }
    }))
    .await;
    let done = outcomes.iter().filter(|outcome| **outcome == Put::Done);
    assert_eq!(done.count(), 1, "one removes, others write: {outcomes:?}");
    remove(ledger, key, &Expected::Anything).await;
}

/// Of writers of one and the same document all are done, and it is kept as long as the last of them wants.
async fn racing_for_time(ledger: &impl Ledger, key: &PersonalKey) {
    let document = document("the same");
    let ends: Vec<_> = (1..=RACERS)
        // In no order.
        .map(|n| NOW + Seconds(n * 5 % (RACERS + 1) * 10))
        .collect();
    let expected = [Expected::Absent, Expected::Anything, version(&document)];
    let first = ledger.put_personal(key, Some(&document), &Expected::Absent, ends[0], NOW);
    assert_eq!(first.await.unwrap(), Put::Done);
    let writes = ends
        .iter()
        .zip(expected.iter().cycle())
        .map(|(end, expected)| ledger.put_personal(key, Some(&document), expected, *end, NOW));
    for outcome in join_all(writes).await {
        assert_eq!(outcome.unwrap(), Put::Done);
    }
    let end = *ends.iter().max().unwrap();
    let last = ledger.personal(key, end - SECOND).await.unwrap();
    assert_eq!(last, Some(document));
    assert_eq!(ledger.personal(key, end).await.unwrap(), None);
}

/// Two writers of one document, again and again: both read the same one and change it, one of them is refused,
/// and does it again on what then stands. Nobody's change is lost.
async fn two_writers(ledger: &impl Ledger, key: &PersonalKey) {
    put(ledger, key, &Document::new("{}"), &Expected::Absent).await;
    let add = async |standing: &Document, writer: &str| {
        let next = standing.as_str().replace('}', &format!("{writer} }}"));
        put(ledger, key, &Document::new(next), &version(standing)).await
    };
    for time in 0..TIMES {
        let standing = standing(ledger, key).await.unwrap();
        let (one, other) = futures_util::join!(add(&standing, "one"), add(&standing, "other"));
        let (refused, late) = match (one, other) {
            (Put::Conflict(Some(refused)), Put::Done) => (refused, "one"),
            (Put::Done, Put::Conflict(Some(refused))) => (refused, "other"),
            outcomes => panic!("the {time}th time both expect the same: {outcomes:?}"),
        };
        assert_eq!(add(&refused, late).await, Put::Done);
    }
    let written = standing(ledger, key).await.unwrap();
    for writer in ["one", "other"] {
        let kept = written.as_str().split([' ', '{', '}']);
        let kept = kept.filter(|word| *word == writer).count();
        assert_eq!(kept, TIMES, "what {writer} wrote");
    }
}
