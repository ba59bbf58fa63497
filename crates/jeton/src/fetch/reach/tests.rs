use super::*;

const OWN: &str = "https://id.example.com";

fn reach(loopback: Loopback) -> Reach {
    Reach::new(OWN, loopback)
}

fn check(loopback: Loopback, text: &str, expected: Result<(), Unreachable>) {
    let url = reach(loopback).url(text);
    assert_eq!(url.map(|_| ()), expected, "{loopback:?} {text}");
}

#[test]
fn https_to_a_name_in_the_public_internet() {
    for loopback in [Loopback::Refused, Loopback::Admitted] {
        for text in [
            "https://login.example.org/jwks",
            "https://login.example.org:8443/jwks?a=b",
            "https://LOGIN.example.org",
            "https://xn--bcher-kva.example.org/",
            "https://localhost.example.org/",
            "https://notlocalhost.org/",
            "https://internal.example.org/",
            // Another origin than the issuer's.
            "https://id.example.com:8443/",
            "https://other.id.example.com/",
        ] {
            check(loopback, text, Ok(()));
        }
    }
}

#[test]
fn nothing_else() {
    for loopback in [Loopback::Refused, Loopback::Admitted] {
        for (text, reason) in [
            ("", Unreachable::NotAUrl),
            ("/jwks", Unreachable::NotAUrl),
            ("login.example.org", Unreachable::NotAUrl),
            ("https://", Unreachable::NotAUrl),
            ("data:application/json,{}", Unreachable::NotAUrl),
            ("https://login.example.org/ü", Unreachable::NotAUrl),
            ("https://b\u{fc}cher.example/", Unreachable::NotAUrl),
            ("https://login.example.org/a b", Unreachable::NotAUrl),
            ("https://login.example.org/\n", Unreachable::NotAUrl),
            ("https://[fe80::1%25eth0]/", Unreachable::NotAUrl),
            ("https://1.2.3.4.5/", Unreachable::NotAUrl),
            ("http://login.example.org/jwks", Unreachable::NotHttps),
            ("ftp://login.example.org/jwks", Unreachable::NotHttps),
            ("ws://login.example.org/", Unreachable::NotHttps),
            ("https://a@login.example.org/", Unreachable::UserInformation),
            (
                "https://:b@login.example.org/",
                Unreachable::UserInformation,
            ),
            (
                "https://login.example.org@id.example.com/",
                Unreachable::UserInformation,
            ),
            ("https://login.example.org/#", Unreachable::Fragment),
            ("https://login.example.org/#key", Unreachable::Fragment),
            ("https://login/", Unreachable::LocalName),
            ("https://login.example.org./", Unreachable::LocalName),
            ("https://login.example.org../", Unreachable::LocalName),
            ("https://metadata.google.internal/", Unreachable::LocalName),
            ("https://METADATA.GOOGLE.INTERNAL/", Unreachable::LocalName),
            ("https://internal./", Unreachable::LocalName),
            ("https://printer.local/", Unreachable::LocalName),
            ("https://router.home.arpa/", Unreachable::LocalName),
            ("https://localhost./", Unreachable::LocalName),
            ("https://1.1.1.1/", Unreachable::AddressLiteral),
            ("https://0x01010101/", Unreachable::AddressLiteral),
            (
                "https://[2606:4700:4700::1111]/",
                Unreachable::AddressLiteral,
            ),
            ("https://[::ffff:1.1.1.1]/", Unreachable::AddressLiteral),
            ("https://10.0.0.1/", Unreachable::NotPublic("private")),
            ("http://10.0.0.1/", Unreachable::NotPublic("private")),
            ("https://192.168.1/", Unreachable::NotPublic("private")),
            (
                "http://169.254.169.254/latest/meta-data/",
                Unreachable::NotPublic("link-local"),
            ),
            ("https://0xa9fea9fe/", Unreachable::NotPublic("link-local")),
            ("https://2852039166/", Unreachable::NotPublic("link-local")),
            (
                "https://0251.0376.0251.0376/",
                Unreachable::NotPublic("link-local"),
            ),
            (
                "https://[fd00:ec2::254]/",
                Unreachable::NotPublic("unique local"),
            ),
            ("https://[fe80::1]/", Unreachable::NotPublic("link-local")),
            ("https://[::]/", Unreachable::NotPublic("unspecified")),
            ("http://0/", Unreachable::NotPublic("this network")),
            (
                "https://[::ffff:10.0.0.1]/",
                Unreachable::NotPublic("private"),
            ),
            (
                "https://[64:ff9b::10.0.0.1]/",
                Unreachable::NotPublic("private"),
            ),
            (
                "https://[::10.0.0.1]/",
                Unreachable::NotPublic("IPv4-compatible"),
            ),
            // Mapped, it is no loopback address of IPv6.
            (
                "http://[::ffff:127.0.0.1]/",
                Unreachable::NotPublic("loopback"),
            ),
            ("https://id.example.com/jwks", Unreachable::OwnOrigin),
            ("https://ID.example.com:443/", Unreachable::OwnOrigin),
        ] {
            check(loopback, text, Err(reason));
        }
        let long = format!("https://login.example.org/{}", "a".repeat(LONGEST));
        check(loopback, &long, Err(Unreachable::NotAUrl));
    }
}

#[test]
fn this_machine_in_development_alone() {
    for (text, reason) in [
        ("http://127.0.0.1:9400/jwks", NOT_PUBLIC),
        ("https://127.0.0.1/", NOT_PUBLIC),
        ("http://127.1.2.3/", NOT_PUBLIC),
        ("http://0x7f.1/", NOT_PUBLIC),
        ("http://2130706433/", NOT_PUBLIC),
        ("http://[::1]:9400/", NOT_PUBLIC),
        ("http://localhost:9400/", Unreachable::LocalName),
        ("http://LOCALHOST/", Unreachable::LocalName),
        ("https://app.localhost/", Unreachable::LocalName),
    ] {
        check(Loopback::Refused, text, Err(reason));
        check(Loopback::Admitted, text, Ok(()));
    }
}

const NOT_PUBLIC: Unreachable = Unreachable::NotPublic("loopback");

#[test]
fn what_a_name_may_resolve_to() {
    let address = |text: &str| text.parse().unwrap();
    let reach = reach(Loopback::Admitted);
    let public = reach.url("https://login.example.org").unwrap();
    assert_eq!(public.admits(address("1.1.1.1")), Ok(()));
    assert_eq!(public.admits(address("::1")), Err(NOT_PUBLIC));
    assert_eq!(
        public.admits(address("10.0.0.1")),
        Err(Unreachable::NotPublic("private"))
    );
    let own = reach.url("http://localhost").unwrap();
    assert_eq!(own.admits(address("127.0.0.1")), Ok(()));
    assert_eq!(own.admits(address("::1")), Ok(()));
    for other in ["1.1.1.1", "10.0.0.1", "169.254.169.254"] {
        assert_eq!(own.admits(address(other)), Err(Unreachable::LocalName));
    }
}

#[test]
fn what_is_answered_in_process_is_never_connected_to() {
    let reach = Reach::in_process();
    for text in [
        "http://localhost:9400/a",
        "https://id.example.com/a",
        "http://mock:9400/a",
        "https://10.0.0.1/",
    ] {
        let url = reach.url(text).unwrap();
        for address in ["127.0.0.1", "10.0.0.1", "1.1.1.1", "::1"] {
            let address = address.parse().unwrap();
            assert_eq!(url.admits(address), Err(Unreachable::Nobody), "{text}");
        }
    }
    for (text, reason) in [
        ("ftp://localhost/", Unreachable::NotHttps),
        ("http://a@localhost/", Unreachable::UserInformation),
        ("http://localhost/#", Unreachable::Fragment),
    ] {
        assert_eq!(reach.url(text), Err(reason), "{text}");
    }
}

#[test]
fn one_host_of_a_private_network() {
    for loopback in [Loopback::Refused, Loopback::Admitted] {
        for host in [
            "keycloak",
            "id.corp.internal",
            "10.1.2.3",
            "[fd12::1]",
            "login.example.org",
        ] {
            let own = reach(loopback).with_private_host(&format!("http://{host}:8080/realms/one"));
            let url = own.url(&format!("https://{host}/keys")).unwrap();
            for (address, expected) in [
                ("10.1.2.3", Ok(())),
                ("1.1.1.1", Ok(())),
                ("169.254.169.254", Err(Unreachable::NotPublic("link-local"))),
                ("127.0.0.1", Err(Unreachable::NotPublic("loopback"))),
            ] {
                assert_eq!(url.admits(address.parse().unwrap()), expected, "{host}");
            }
            let plain = own.url(&format!("http://{host}:8080/keys")).map(|_| ());
            let expected = match loopback {
                Loopback::Admitted => Ok(()),
                Loopback::Refused => Err(Unreachable::NotHttps),
            };
            assert_eq!(plain, expected, "{host}");
            // Nothing else is nearer for it.
            own.url("https://other.internal/keys").unwrap_err();
            own.url("https://10.1.2.4/keys").unwrap_err();
            own.url(OWN).unwrap_err();
            let other = own.url("https://other.example.org").unwrap();
            other.admits("10.1.2.3".parse().unwrap()).unwrap_err();
        }
        // No host, no more reach.
        assert_eq!(
            reach(loopback).with_private_host("nonsense"),
            reach(loopback)
        );
    }
}
