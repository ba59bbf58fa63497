use std::time::Instant;

use aws_sdk_dynamodb::{config::SharedInterceptor, types::AttributeValue};
use jeton::{Document, Expected, Key, Put, Realm, Registry};
use jeton_dynamodb::DynamoRegistry;

use crate::support::{Lost, client, collect, local, local_with, put, table};

fn key(id: &str) -> Key {
    Key::client(&Realm::default(), &id.parse().unwrap())
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn registry_keeps_its_contract() {
    let dynamodb = local();
    let table = table(&dynamodb, "contract").await;
    jeton_contracts::registry(&DynamoRegistry::new(dynamodb, &table)).await;
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn registry_keeps_documents_as_long_as_it_should() {
    let dynamodb = local();
    let table = table(&dynamodb, "registry-keeping").await;
    let registry = DynamoRegistry::new(dynamodb.clone(), &table);
    let collect = async |at| collect(&dynamodb, &table, at).await;
    jeton_contracts::registry_keeping(&registry, collect).await;
}

/// Reads an item that was written by hand, and refuses others, naming the item.
#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn an_item_written_by_hand_is_read_or_named() {
    let dynamodb = local();
    let table = table(&dynamodb, "by-hand").await;
    let registry = DynamoRegistry::new(dynamodb.clone(), &table);
    let write = async |id: &str, attribute: &str| {
        let item = [("pk", "client"), ("sk", id), (attribute, "{ not a record")];
        let item = item.map(|(name, value)| (name, AttributeValue::S(value.to_owned())));
        put(&dynamodb, &table, item).await;
    };
    write("a#b", "record").await;
    let found = registry.get(&key("a#b")).await.unwrap();
    assert_eq!(found, Some(Document::new("{ not a record")));

    write("bare", "other").await;
    let read = registry.get(&key("bare")).await.unwrap_err();
    let listed = registry.list(&key("bare").collection, None).await;
    for error in [read, listed.unwrap_err()] {
        let expected = r#"item client "bare": it has no string attribute `record`"#;
        assert_eq!((error.store, error.detail.as_str()), ("dynamodb", expected));
    }
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn a_write_whose_answer_is_lost_is_done() {
    let lost = Lost::default();
    let dynamodb = local_with(vec![SharedInterceptor::new(lost.clone())]);
    let table = table(&dynamodb, "lost-write").await;
    let registry = DynamoRegistry::new(dynamodb, &table);
    let [first, second] = ["1", "2"].map(Document::new);
    lost.next(1);
    let put = registry.put(&key("a"), &first, &Expected::Absent).await;
    assert_eq!(put.unwrap(), Put::Done);
    lost.next(1);
    let put = registry.put(&key("a"), &second, &Expected::Absent).await;
    assert_eq!(put.unwrap(), Put::Conflict(Some(first)));
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn a_table_that_is_not_there_is_unavailable() {
    let registry = DynamoRegistry::new(local(), "no-such-table");
    let error = registry.get(&key("a")).await.unwrap_err();
    assert!(
        error.detail.contains("ResourceNotFoundException"),
        "{error}"
    );
}

#[tokio::test]
async fn a_store_out_of_reach_is_unavailable_soon() {
    let begin = Instant::now();
    let registry = DynamoRegistry::new(client("http://127.0.0.1:9", Vec::new()), "jeton");
    let error = registry.get(&key("a")).await.unwrap_err();
    assert_eq!(error.store, "dynamodb");
    assert!(error.detail.contains("refused"), "{error}");
    assert!(begin.elapsed().as_secs() < 4, "{:?}", begin.elapsed());
}
