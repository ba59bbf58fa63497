//! Attachments, which never change and outlive a grant's steps.

use jeton::{Attachment, Ledger, Seconds};

use super::{NOW, Run};

pub(super) async fn attachments(ledger: &impl Ledger, run: &Run<'_>) {
    let grant = run.grant("attached");
    // As large as stores have to bear, with what a store that quotes or cuts would change.
    let text = format!("{{\"a\":\"\u{1f511}'\\\"{}\"}}", "x".repeat(64_000));
    let large = Attachment::new(grant.id, text);
    let small = Attachment::new(grant.id, "{}".to_owned());
    let of_another = Attachment::new(run.id("attached, another"), large.text().to_owned());
    let until = NOW + Seconds(1000);
    let kept = async |attachment: &Attachment| ledger.kept(attachment.id()).await.unwrap();

    assert_eq!(kept(&large).await, None, "never kept");
    ledger.keep(&large, until, NOW).await.unwrap();
    ledger.keep(&large, until, NOW).await.unwrap();
    assert_eq!(
        kept(&large).await.as_deref(),
        Some(large.text()),
        "before its grant"
    );
    assert_eq!(kept(&small).await, None, "of another text");
    assert_eq!(kept(&of_another).await, None, "of another grant");
    assert_eq!(ledger.read(grant.id).await.unwrap(), None, "makes no grant");

    ledger.open(&grant, NOW).await.unwrap();
    ledger.keep(&small, until, NOW).await.unwrap();
    ledger.advance(&run.step("attached", 0, 1)).await.unwrap();
    ledger.revoke(grant.id).await.unwrap();
    for attachment in [&large, &small] {
        let text = kept(attachment).await;
        assert_eq!(
            text.as_deref(),
            Some(attachment.text()),
            "whatever becomes of its grant"
        );
    }
    let standing = ledger.read(grant.id).await.unwrap().unwrap();
    assert_eq!(standing.id, grant.id, "its grant is another record");
    assert_eq!(standing.generation, 1);
}
