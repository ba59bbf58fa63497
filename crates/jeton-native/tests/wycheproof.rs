//! aws-lc against the vectors of Project Wycheproof.

use jeton_contracts::{wycheproof, wycheproof_vectors};
use jeton_native::NativeCrypto;

#[tokio::test]
async fn vectors() {
    wycheproof(&NativeCrypto::new(), &wycheproof_vectors()).await;
}
