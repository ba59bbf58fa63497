//! Runs the contracts inside workerd, against real KV and real Durable Objects.
//! `tests/hosts/worker-contracts.test.mjs` asks for each and reads the answer; a broken contract is
//! a panic, which arrives there as a failed request with its message.

#![cfg(target_arch = "wasm32")]

mod authority;
mod fetch;

use jeton::{
    Advance, Attempt, BUDGET, Collection, Document, Expected, Grant, GrantId, Id128, Kind, Ledger,
    Marker, Opened, PersonalKey, Put, Realm, Registry, SLACK, Seconds, SubjectKey, UnixTime,
};
use jeton_cloudflare::{DurableLedger, KV_BINDING, KvRegistry, WebCrypto};
pub use jeton_cloudflare::{GrantObject, RegistryObject};
use worker::{Context, Env, Error, Request, Response, Result, event};

const VALUE: Attempt = Id128([7; 16]);
const UNREDEEMED: GrantId = Id128([10; 16]);
const REDEEMED: GrantId = Id128([11; 16]);

#[event(fetch)]
async fn answer(mut request: Request, env: Env, _context: Context) -> Result<Response> {
    let ledger = DurableLedger::new(env.durable_object("JETON_LEDGER")?);
    let kv = env.kv(KV_BINDING)?;
    let authority = env.durable_object("JETON_AUTHORITY")?;
    let registry = KvRegistry::new(kv.clone(), Some(authority));
    match request.path().as_str() {
        "/registry" => jeton_contracts::registry(&registry).await,
        // Tells the KV that the tests put in the place of a real one how often to fail or to hang, or that it
        // holds writes back.
        path if ["/fail/", "/hang/", "/hold/"]
            .iter()
            .any(|word| path.starts_with(word)) =>
        {
            let mut words = path.split('/').skip(1);
            let mut word = || words.next().unwrap_or_default();
            let put = kv.put(&format!("{}s:{}", word(), word()), word())?;
            put.execute().await?;
        }
        "/listed" => {
            let clients = Collection {
                realm: Realm::default(),
                kind: Kind::Client,
            };
            registry.list(&clients, None).await.map_err(describe)?;
        }
        path if path.starts_with("/authority/") => {
            return authority::answer_row(path, &registry, &kv).await;
        }
        "/crypto" => jeton_contracts::crypto(&crypto()?).await,
        // Its body is the vectors.
        "/wycheproof" => jeton_contracts::wycheproof(&crypto()?, &request.text().await?).await,
        "/fetch" => fetch::contract(&request).await?,
        "/ledger" => jeton_contracts::ledger(&ledger, "worker").await,
        // A step that arrives once its request has been told to try again is not taken.
        "/given-up" => {
            let now = now();
            let grant = jeton_contracts::grant(Id128([8; 16]), now);
            ledger.open(&grant, now).await.map_err(describe)?;
            let step = jeton_contracts::step(grant.id, 0, UnixTime(now.0 - BUDGET.0));
            if ledger.advance(&step).await.is_ok() {
                return Response::error("it was taken", 500);
            }
            let left = ledger.read(grant.id).await.map_err(describe)?;
            let step = jeton_contracts::step(grant.id, 0, now);
            let taken = ledger.advance(&step).await.map_err(describe)?;
            if left != Some(grant) || !matches!(taken, Advance::Advanced(_)) {
                return Response::error("it was taken after all, or the next one was not", 500);
            }
        }
        // Nor is a document of a person written then.
        "/given-up-document" => {
            let now = now();
            let (key, document) = (PersonalKey::new("given up", "alice"), Document::new("{}"));
            let write = async |began| {
                let (until, whatever) = (now + Seconds(60), Expected::Anything);
                let put = ledger.put_personal(&key, Some(&document), &whatever, until, began);
                put.await
            };
            if write(UnixTime(now.0 - BUDGET.0)).await.is_ok() {
                return Response::error("it was written", 500);
            }
            let left = ledger.personal(&key, now).await.map_err(describe)?;
            let put = write(now).await.map_err(describe)?;
            if left.is_some() || put != Put::Done {
                return Response::error("it was written after all, or the next was not", 500);
            }
        }
        // A grant whose alarm cannot be set leaves nothing behind, and can be opened later.
        "/half" => {
            let whole = jeton_contracts::grant(Id128([9; 16]), now());
            let half = Grant {
                idle_expires_at: UnixTime(u64::MAX / 4),
                ..whole.clone()
            };
            let now = whole.created_at;
            if ledger.open(&half, now).await.is_ok() {
                return Response::error("a time that no alarm can have was taken", 500);
            }
            let left = ledger.read(whole.id).await.map_err(describe)?;
            let opened = ledger.open(&whole, now).await.map_err(describe)?;
            if left.is_some() || opened != Opened::Opened {
                return Response::error("something was left behind", 500);
            }
        }
        // A grant whose code nobody redeemed, one of which it was, and markers.
        "/alarm" => {
            let now = now();
            for (id, generation) in [(UNREDEEMED, 0), (REDEEMED, 1)] {
                // Its code ends in 2 seconds less than what it is kept for, and all of it in 5.
                let opened_at = now - Grant::KEPT;
                let grant = Grant {
                    generation,
                    idle_expires_at: opened_at + Seconds(2),
                    expires_at: opened_at + Seconds(5),
                    ..jeton_contracts::grant(id, opened_at)
                };
                ledger.open(&grant, opened_at).await.map_err(describe)?;
            }
            // Two markers of one object, of which the one that comes second goes first.
            for (ends, marker) in markers() {
                let expires = now - SLACK + Seconds(ends);
                let claim = ledger.claim(&marker, VALUE, expires, now - SLACK);
                claim.await.map_err(describe)?;
            }
            let ends = now - SLACK + Seconds(2);
            let subject = subject();
            let index = ledger.index(&subject, REDEEMED, ends, now - SLACK);
            index.await.map_err(describe)?;
            // Of the second an alarm is set that comes too early for it.
            let document = Document::new("{}");
            for (key, until) in personal() {
                for seconds in until {
                    let until = now - SLACK + Seconds(*seconds);
                    let expected = Expected::Anything;
                    let put = ledger.put_personal(&key, Some(&document), &expected, until, now);
                    put.await.map_err(describe)?;
                }
            }
            let counter = counter();
            let count = ledger.count(&counter, ends, now - SLACK);
            count.await.map_err(describe)?;
        }
        // What is stored, whether or not it has expired: seen from 1970 nothing has.
        "/stored" => {
            let mut stored = Vec::new();
            for (name, id) in [("unredeemed", UNREDEEMED), ("redeemed", REDEEMED)] {
                if ledger.read(id).await.map_err(describe)?.is_some() {
                    stored.push(name.to_owned());
                }
            }
            for (ends, marker) in markers() {
                let holder = ledger.holder(&marker, UnixTime(0)).await;
                if holder.map_err(describe)?.is_some() {
                    stored.push(format!("marker {ends}"));
                }
            }
            let indexed = ledger.indexed(&subject(), None).await;
            if indexed.map_err(describe)? == [REDEEMED] {
                stored.push("indexed".to_owned());
            }
            for (key, ends) in personal() {
                let document = ledger.personal(&key, UnixTime(0)).await;
                if document.map_err(describe)?.is_some() {
                    stored.push(format!("personal {ends:?}"));
                }
            }
            return Response::ok(stored.join(", "));
        }
        // Counted on from what is stored, or anew.
        "/counted" => {
            let count = ledger
                .count(&counter(), UnixTime(now().0 + 60), UnixTime(0))
                .await
                .map_err(describe)?;
            return Response::ok(count.to_string());
        }
        _ => return Response::error("no such contract", 404),
    }
    Response::ok("kept")
}

fn crypto() -> Result<WebCrypto> {
    WebCrypto::new().map_err(|error| Error::from(error.to_string()))
}

/// Two markers of one shard: 31 times a letter more, and 31 less.
fn markers() -> [(u64, Marker); 2] {
    [(5, "aX"), (2, "b9")].map(|(ends, name)| (ends, Marker::for_test(name)))
}

/// Two documents of a person, and when each is to end at each write.
fn personal() -> [(PersonalKey, &'static [u64]); 2] {
    let ends: [&[u64]; 2] = [&[2], &[2, 5]];
    ends.map(|ends| (PersonalKey::new(&format!("{ends:?}"), "alice"), ends))
}

fn subject() -> SubjectKey {
    SubjectKey::of("alice")
}

fn counter() -> Marker {
    Marker::for_test("counted")
}

fn now() -> UnixTime {
    UnixTime(worker::Date::now().as_millis() / 1000)
}

fn describe(error: jeton::Unavailable) -> Error {
    Error::from(error.to_string())
}
