//! aws-lc keeps the contract of a host's cryptography.

use jeton_native::NativeCrypto;

#[tokio::test]
async fn crypto() {
    jeton_contracts::crypto(&NativeCrypto::new()).await;
}
