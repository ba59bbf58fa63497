//! What people read of a client.

use super::*;

#[test]
fn what_describes_the_client_is_registered_in_every_language() {
    let words = json!({
        "client_name": "Orders", "client_name#de": "Bestellungen", "client_name#ja-Hani-JP": "注文",
        "client_uri": "https://app.example", "client_uri#de": "https://app.example/de",
        "logo_uri": "https://app.example/logo.png", "logo_uri#de": "https://app.example/de.png",
        "policy_uri": "https://app.example/policy", "policy_uri#fr-CA": "https://app.example/p",
        "tos_uri": "https://app.example/tos", "tos_uri#x": "https://app.example/x",
        "contacts": ["ops@app.example"], "software_id": "4NRB1-0XZABZI9E6-5SM3R",
        "software_version": "2.1", "application_type": "web", "require_auth_time": true,
        "post_logout_redirect_uris": ["https://app.example/bye"],
        "id_token_signed_response_alg": "ES256",
    });
    check_record(words.clone(), words);
}

#[test]
fn pages_are_https() {
    for member in ["client_uri", "logo_uri", "policy_uri", "tos_uri"] {
        for uri in [
            json!("http://app.example"),
            json!("javascript:alert(1)"),
            json!("data:image/svg+xml,x"),
            json!("https://user@app.example"),
            json!("https:app.example"),
            json!("https://APP.example"),
            json!("https://app.example/\u{202e}"),
            json!("https://app.example/<script>"),
            json!("https://app.example\\@bank.example"),
            json!(" https://app.example"),
            json!("//app.example"),
            json!(["https://app.example"]),
            json!(format!("https://app.example/{}", "a".repeat(2048))),
        ] {
            let fault = format!("invalid_client_metadata {member}: ");
            let in_a_language = format!("{member}#de");
            check(json!({ member: uri }), &fault);
            check(json!({ in_a_language: uri }), &fault);
        }
    }
}

#[test]
fn nothing_hides_in_a_name() {
    for name in [
        "a\u{0}",
        "a\nb",
        "\u{202e}knab",
        "\u{2067}x",
        "a\u{2069}",
        "a\u{e0061}",
        " ",
        "\u{200b}\u{2060}\u{feff}",
        "\u{ad}\u{34f}",
        "\u{a0}\u{3000}",
        "\u{3164}",
        "\u{115f}\u{1160}",
        "\u{2800} \u{ffa0}",
        "\u{fe0f}\u{180e}",
        "\u{e000}\u{f0000}\u{10fffd}",
        &"a".repeat(256),
    ] {
        check(
            json!({ "client_name": name }),
            "invalid_client_metadata client_name: ",
        );
        check(
            json!({ "client_name#de": name }),
            "invalid_client_metadata client_name: ",
        );
        check(
            json!({ "contacts": [name] }),
            "invalid_client_metadata contacts: ",
        );
        check(
            json!({ "software_id": name }),
            "invalid_client_metadata software_id: ",
        );
    }
    // Joiners are how Persian is written, and families are shown.
    for name in [
        "می\u{200c}خواهم",
        "👩\u{200d}👧",
        "ภาษา\u{200b}ไทย",
        "x",
        "\u{1f600}",
    ] {
        check_record(
            json!({ "client_name": name }),
            json!({ "client_name": name }),
        );
    }
    check(
        json!({"client_name": 1}),
        "invalid_client_metadata client_name: ",
    );
    check(
        json!({"contacts": "a@x"}),
        "invalid_client_metadata contacts: ",
    );
    check(
        json!({"software_version": 2}),
        "invalid_client_metadata software_version: ",
    );
}
