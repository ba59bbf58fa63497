use std::time::Instant;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use jeton::{CutOff, Registry, UnixTime};
use jeton_dynamodb::DynamoRegistry;

use crate::support::{client, local, put, table};

async fn put_client(dynamodb: &Client, table: &str, id: &str, attribute: &str, value: &str) {
    let item = [
        ("pk", AttributeValue::S(format!("client#{id}"))),
        (attribute, AttributeValue::S(value.to_owned())),
    ];
    put(dynamodb, table, item).await;
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn registry_keeps_its_contract() {
    let dynamodb = local();
    let table = table(&dynamodb, "contract").await;
    let registry = DynamoRegistry::new(dynamodb.clone(), &table);
    jeton_contracts::registry(&registry, async |id: &str, json: &str| {
        put_client(&dynamodb, &table, id, "record", json).await;
    })
    .await;
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn says_which_item_cannot_be_read() {
    let dynamodb = local();
    let table = table(&dynamodb, "unreadable").await;
    let registry = DynamoRegistry::new(dynamodb.clone(), &table);
    for (id, attribute, value, expected) in [
        (
            "half",
            "record",
            "{\"client_id\":\"ha",
            r#"item "client#half": EOF"#,
        ),
        (
            "bare",
            "other",
            "",
            r#"item "client#bare": it has no string attribute `record`"#,
        ),
        (
            "moved",
            "record",
            r#"{"client_id":"else","token_endpoint_auth_method":"none"}"#,
            r#"item "client#moved": its record is another client's"#,
        ),
    ] {
        put_client(&dynamodb, &table, id, attribute, value).await;
        let error = registry.client(&id.parse().unwrap()).await.unwrap_err();
        assert_eq!(error.store, "dynamodb");
        assert!(error.detail.starts_with(expected), "{id}: {error}");
    }
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn a_table_that_is_not_there_is_unavailable() {
    let registry = DynamoRegistry::new(local(), "no-such-table");
    let error = registry.client(&"a".parse().unwrap()).await.unwrap_err();
    assert!(
        error.detail.contains("ResourceNotFoundException"),
        "{error}"
    );
}

#[tokio::test]
async fn a_store_out_of_reach_is_unavailable_soon() {
    let begin = Instant::now();
    let registry = DynamoRegistry::new(client("http://127.0.0.1:9", Vec::new()), "jeton");
    let error = registry.client(&"a".parse().unwrap()).await.unwrap_err();
    assert_eq!(error.store, "dynamodb");
    assert!(error.detail.contains("refused"), "{error}");
    assert!(begin.elapsed().as_secs() < 4, "{:?}", begin.elapsed());
}

#[tokio::test]
#[ignore = "needs JETON_TEST_DYNAMODB; the head of main.rs says how to run it"]
async fn a_cut_off_that_cannot_be_read_is_unavailable() {
    let dynamodb = local();
    let table = table(&dynamodb, "cut-off").await;
    let registry = DynamoRegistry::new(dynamodb.clone(), &table);
    let of = CutOff::subject("alice");
    registry.put_cut_off(&of, UnixTime(u64::MAX)).await.unwrap();
    assert_eq!(
        registry.cut_off(&of).await.unwrap(),
        Some(UnixTime(u64::MAX))
    );
    let key = format!("cut_off#{}", of.as_str());
    put(&dynamodb, &table, [("pk", AttributeValue::S(key.clone()))]).await;
    let error = registry.cut_off(&of).await.unwrap_err();
    assert_eq!(
        error.detail,
        format!("item {key:?}: it has no number `cut_off`")
    );
}
