//! Tests of the authority beyond the contract of a registry: how it and KV agree.

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use jeton::{Collection, Document, Expected, Key, Kind, PAGE, Put, Realm, Registry};
use jeton_cloudflare::KvRegistry;
use worker::{Error, Response, Result, kv::KvStore};

use crate::describe;

/// The answer to a request for one of these tests.
pub(crate) async fn answer_row(
    path: &str,
    registry: &KvRegistry,
    kv: &KvStore,
) -> Result<Response> {
    let held = match path {
        "/authority/by-hand" => changes_what_was_written_by_hand(registry, kv).await?,
        "/authority/deleted" => deletes_at_once(registry, kv).await?,
        "/authority/race" => one_of_two_writers_wins(registry, kv).await?,
        "/authority/without" => only_reads_without_authority(kv).await?,
        "/authority/adopts" => lists_what_was_written_by_hand(registry, kv).await?,
        "/authority/register" => registers_clients(registry).await?,
        "/authority/registered" => return Response::ok(registered(registry, kv).await?),
        // While KV holds writes back, and after it has shown them.
        "/authority/late" => answers_what_stands(registry, kv).await?,
        // A write that is answered while KV refuses it, and what KV shows.
        "/authority/put" => {
            let (key, document) = (key("late")?, document("late", "1"));
            let put = registry.put(&key, &document, &Expected::Absent).await;
            put.map_err(describe)? == Put::Done
        }
        "/authority/shown" => {
            let shown = registry.get(&key("late")?).await.map_err(describe)?;
            return Response::ok(if shown.is_some() { "shown" } else { "not yet" });
        }
        _ => return Response::error("no such row", 404),
    };
    if held {
        Response::ok("kept")
    } else {
        Response::error(path, 500)
    }
}

fn key(id: &str) -> Result<Key> {
    key_in("", id)
}

fn key_in(realm: &str, id: &str) -> Result<Key> {
    let id = id.parse().map_err(|_| Error::from("not a client_id"))?;
    Ok(Key::client(&self::realm(realm)?, &id))
}

fn realm(realm: &str) -> Result<Realm> {
    realm.parse().map_err(|_| Error::from("not a realm"))
}

fn document(id: &str, says: &str) -> Document {
    Document::new(format!(r#"{{"client_id":"{id}","client_name":"{says}"}}"#))
}

/// Writes a client to KV, as `wrangler kv key put` does.
async fn write(kv: &KvStore, key: &str, document: &Document) -> Result<()> {
    Ok(kv.put(key, document.as_str())?.execute().await?)
}

async fn shown(kv: &KvStore, key: &str) -> Result<Option<Document>> {
    let text = kv.get(key).text().await?;
    Ok(text.map(Document::new))
}

/// A document that was written by hand stands until the authority is asked to change it.
async fn changes_what_was_written_by_hand(registry: &KvRegistry, kv: &KvStore) -> Result<bool> {
    let id = "by hand/a:b";
    let (key, hand, next) = (key(id)?, document(id, "hand"), document(id, "next"));
    write(kv, &format!("client:{id}"), &hand).await?;
    let expect_absent = registry.put(&key, &next, &Expected::Absent).await;
    let expect_hand = Expected::Version(hand.version());
    let put = registry.put(&key, &next, &expect_hand).await;
    let stands = shown(kv, &format!("client:{id}")).await?;
    let other = self::key("by hand too")?;
    write(kv, &format!("client:{}", other.name), &hand).await?;
    let deleted = registry.delete(&other, &Expected::Anything).await;
    Ok(
        expect_absent.map_err(describe)? == Put::Conflict(Some(hand))
            && put.map_err(describe)? == Put::Done
            && stands == Some(next)
            && deleted.map_err(describe)? == Put::Done
            && shown(kv, "client:by hand too").await?.is_none(),
    )
}

/// A deleted document does not count for the authority, although KV shows it for up to a minute.
async fn deletes_at_once(registry: &KvRegistry, kv: &KvStore) -> Result<bool> {
    let id = "deleted";
    let (key, old, next) = (key(id)?, document(id, "old"), document(id, "next"));
    let put = registry.put(&key, &old, &Expected::Absent).await;
    let delete = registry
        .delete(&key, &Expected::Version(old.version()))
        .await;
    write(kv, &format!("client:{id}"), &old).await?;
    let expect_old = Expected::Version(old.version());
    let undone = registry.put(&key, &next, &expect_old).await;
    let anew = registry.put(&key, &next, &Expected::Absent).await;
    Ok(put.map_err(describe)? == Put::Done
        && delete.map_err(describe)? == Put::Done
        && undone.map_err(describe)? == Put::Conflict(None)
        && anew.map_err(describe)? == Put::Done
        && shown(kv, &format!("client:{id}")).await? == Some(next))
}

/// Of two writers one is told that it lost, and KV shows what the other wrote.
async fn one_of_two_writers_wins(registry: &KvRegistry, kv: &KvStore) -> Result<bool> {
    let id = "race";
    let (key, one, other) = (key(id)?, document(id, "one"), document(id, "other"));
    let (first, second) = futures_util::join!(
        registry.put(&key, &one, &Expected::Absent),
        registry.put(&key, &other, &Expected::Absent),
    );
    let won = match (first.map_err(describe)?, second.map_err(describe)?) {
        (Put::Done, Put::Conflict(standing)) if standing.as_ref() == Some(&one) => one,
        (Put::Conflict(standing), Put::Done) if standing.as_ref() == Some(&other) => other,
        _ => return Ok(false),
    };
    Ok(shown(kv, &format!("client:{id}")).await? == Some(won))
}

/// Without an authority nothing is written, and everything is read.
async fn only_reads_without_authority(kv: &KvStore) -> Result<bool> {
    let (id, hand) = ("without", document("without", "hand"));
    write(kv, &format!("client:{id}"), &hand).await?;
    let registry = KvRegistry::new(kv.clone(), None);
    let put = registry.put(&key(id)?, &hand, &Expected::Anything).await;
    let refused = put.is_err_and(|error| error.store == "authority");
    let read = registry.get(&key(id)?).await.map_err(describe)?;
    let standing = registry.standing(&key(id)?).await.map_err(describe)?;
    let listed = registry.list(&key(id)?.collection, None).await;
    let listed = listed.map_err(describe)?.documents;
    Ok(refused
        && read.as_ref() == Some(&hand)
        && standing.as_ref() == Some(&hand)
        && listed.contains(&(id.to_owned(), hand)))
}

/// The most that a request may ask KV, on Cloudflare's free plan.
const MOST_ASKED: u32 = 50;

/// The documents of all pages, and how often each page asked KV.
async fn list(
    registry: &KvRegistry,
    kv: &KvStore,
    realm: &str,
) -> Result<(BTreeMap<String, Document>, Vec<u32>)> {
    let clients = Collection {
        realm: self::realm(realm)?,
        kind: Kind::Client,
    };
    let (mut all, mut asked, mut after) = (Vec::new(), Vec::new(), None);
    loop {
        asked_since(kv).await?;
        let page = registry.list(&clients, after.as_ref()).await;
        let page = page.map_err(describe)?;
        asked.push(asked_since(kv).await?);
        if page.documents.len() > PAGE {
            return Err(Error::from("a page that is too long"));
        }
        all.extend(page.documents);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if !all.is_sorted_by(|(one, _), (other, _)| one < other) {
        return Err(Error::from("names out of order, or twice"));
    }
    Ok((all.into_iter().collect(), asked))
}

/// How often KV was asked since this was last asked, this aside.
async fn asked_since(kv: &KvStore) -> Result<u32> {
    let asked = kv.get("asked:").text().await?.unwrap_or_default();
    asked.parse().map_err(|_| Error::from("not a number"))
}

/// Documents that stand in KV alone are listed among the others, in order, and are the authority's from
/// then on. One that was deleted stays so, whatever KV shows.
async fn lists_what_was_written_by_hand(registry: &KvRegistry, kv: &KvStore) -> Result<bool> {
    let realm = "adopted";
    let mut expected = BTreeMap::new();
    for number in 0..2 * PAGE + 5 {
        let id = format!("hand {number}");
        let text = document(&id, "hand");
        write(kv, &format!("{realm}/client:{id}"), &text).await?;
        expected.insert(id, text);
    }
    // Before, among, and after the others.
    let begins = ["a", "hand 5", "z"].into_iter().cycle();
    for (number, begin) in (0..PAGE).zip(begins) {
        let id = format!("{begin} {number}");
        let text = document(&id, "written");
        let key = key_in(realm, &id)?;
        let put = registry.put(&key, &text, &Expected::Absent).await;
        put.map_err(describe)?;
        expected.insert(id, text);
    }
    let deleted = "hand 7";
    let key = key_in(realm, deleted)?;
    let delete = registry.delete(&key, &Expected::Anything).await;
    delete.map_err(describe)?;
    let text = document(deleted, "shown still");
    write(kv, &format!("{realm}/client:{deleted}"), &text).await?;
    expected.remove(deleted);

    let (first, asked) = list(registry, kv, realm).await?;
    let later = document("hand 8", "later");
    write(kv, &format!("{realm}/client:hand 8"), &later).await?;
    let (second, asked_again) = list(registry, kv, realm).await?;
    let standing = registry.standing(&key_in(realm, "hand 8")?).await;
    let pages = asked.len();
    Ok(first == expected
        && second == expected
        && standing.map_err(describe)?.as_ref() == expected.get("hand 8")
        && asked.iter().all(|asked| *asked <= MOST_ASKED)
        && asked.iter().sum::<u32>() > 2 * PAGE as u32
        && asked_again == vec![1; pages])
}

/// What was written is listed, and stands, although KV shows none of it yet.
async fn answers_what_stands(registry: &KvRegistry, kv: &KvStore) -> Result<bool> {
    let realm = "late";
    let mut expected = BTreeMap::new();
    for number in 0..2 * PAGE + 5 {
        let id = format!("written {number}");
        let text = document(&id, "written");
        expected.insert(id, text);
    }
    let written = expected.iter().map(async |(id, text)| {
        let key = key_in(realm, id)?;
        let put = registry.put(&key, text, &Expected::Absent).await;
        put.map_err(describe)
    });
    let written = try_join_all(written).await?;
    let deleted = key_in(realm, "written 50")?;
    let delete = registry.delete(&deleted, &Expected::Anything).await;
    delete.map_err(describe)?;
    expected.remove(&deleted.name);

    let (listed, _) = list(registry, kv, realm).await?;
    let first = key_in(realm, "written 0")?;
    let shown = registry.get(&first).await.map_err(describe)?;
    let standing = registry.standing(&first).await.map_err(describe)?;
    let gone = registry.standing(&deleted).await.map_err(describe)?;
    Ok(written.iter().all(|put| *put == Put::Done)
        && listed == expected
        && shown.is_none()
        && standing.as_ref() == expected.get(&first.name)
        && gone.is_none())
}

/// How long a client is kept that registered itself and has expired.
const KEPT: u64 = 24 * 60 * 60;

/// Two clients that registered themselves, of which one goes in two seconds, and one that an operator made and
/// that has expired as long ago.
async fn registers_clients(registry: &KvRegistry) -> Result<bool> {
    let goes = worker::Date::now().as_millis() / 1000 + 2;
    for (id, expires_at, more) in [
        ("goes", goes - KEPT, r#","registration":{}"#),
        ("stays", goes, r#","registration":{}"#),
        ("operator's", goes - KEPT, ""),
    ] {
        let key = key_in("registered", id)?;
        let document = Document::new(format!(
            r#"{{"client_id":"{id}","client_expires_at":{expires_at}{more}}}"#
        ));
        let put = registry.put(&key, &document, &Expected::Absent).await;
        put.map_err(describe)?;
    }
    Ok(true)
}

/// Those of them that stand, and those that KV shows.
async fn registered(registry: &KvRegistry, kv: &KvStore) -> Result<String> {
    let (listed, _) = list(registry, kv, "registered").await?;
    let mut words: Vec<_> = listed.into_keys().collect();
    for id in ["goes", "stays", "operator's"] {
        if shown(kv, &format!("registered/client:{id}"))
            .await?
            .is_some()
        {
            words.push(format!("{id} in KV"));
        }
    }
    Ok(words.join(", "))
}
