//! The client of DynamoDB, with this project's deadlines.

use std::time::Duration;

use aws_config::{BehaviorVersion, retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_dynamodb::Client;
use jeton::BUDGET;

/// A client of DynamoDB, from the environment that every AWS tool reads: region, credentials,
/// `AWS_ENDPOINT_URL_DYNAMODB`. Opens no connection; that waits for the first request.
///
/// An operation is given up a second before the request is, so that the answer is DynamoDB's, which says
/// what is wrong; an attempt after half of that: time for one that hangs and one that answers.
pub async fn connect() -> Client {
    let operation = Duration::from_secs(BUDGET.0.saturating_sub(1));
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(operation / 2)
        .operation_timeout(operation)
        .build();
    let retries = RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(50));
    let config = aws_config::defaults(BehaviorVersion::v2026_01_12())
        .timeout_config(timeouts)
        .retry_config(retries)
        .load()
        .await;
    Client::new(&config)
}
