use url::Url;

use super::{Expected, check, is_url, requested};
use crate::error::Code;

/// RFC 9449 §7.1, figures 12 and 13; the thumbprint is that of figure 9.
const TOKEN: &str = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU";
const JKT: &str = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I";
const PROOF: &str = "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0RscEJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In19.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2oW9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA";

#[test]
fn the_example_of_rfc_9449() {
    let url = Url::parse("https://resource.example.org/protectedresource").unwrap();
    let good = || Expected {
        method: "GET",
        url: &url,
        token: TOKEN,
        jkt: JKT,
        now: 1_562_262_618,
    };
    assert!(check(PROOF, &good(), None).is_ok());
    let post = Expected {
        method: "POST",
        ..good()
    };
    let other = Expected {
        token: "other",
        ..good()
    };
    let late = Expected {
        now: 1_562_262_679,
        ..good()
    };
    let thief = Expected {
        jkt: "thief",
        ..good()
    };
    for expected in [post, other, late, thief] {
        let refusal = check(PROOF, &expected, None).err().unwrap();
        assert_eq!(refusal.code, Code::InvalidDpopProof);
    }
}

#[test]
fn urls() {
    let check = |htu: &str, expected: &str, same: bool| {
        assert_eq!(
            is_url(htu, &Url::parse(expected).unwrap()),
            same,
            "{htu} {expected}"
        );
    };
    check("https://a.example", "https://a.example/", true);
    check(
        "https://a.example/%7Eb/%c3%bc?x#y",
        "https://a.example/~b/%C3%BC",
        true,
    );
    check("https://a.example/a%2fb", "https://a.example/a%2Fb", true);
    check("https://a.example/a%2fb", "https://a.example/a/b", false);
    check("https://a.example/%", "https://a.example/%25", false);
    check("https://a.example/%zz", "https://a.example/%zz", true);
    check("https://a.example/ü", "https://a.example/%C3%BC", true);
    check("https://a.example./", "https://a.example/", false);
    check("data:a", "data:a", false);
}

#[test]
fn what_was_requested() {
    let origin = Url::parse("https://a.example/v1").unwrap();
    let check = |url: &str, expected: &str| {
        assert_eq!(requested(&origin, url).unwrap().as_str(), expected);
    };
    check("/b?c=d", "https://a.example/b");
    check("//evil.example/b", "https://a.example//evil.example/b");
    check("http://evil.example/b?c", "https://a.example/b");
    check("*", "https://a.example/*");
    assert_eq!(requested(&origin, "not a path"), None);
}
