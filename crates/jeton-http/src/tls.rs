//! HTTPS for the mock: a certificate authority that is made at each start.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    NameConstraints, SanType, date_time_ymd,
};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{DnsName, PrivatePkcs8KeyDer},
    },
    server::TlsStream,
};

/// The first byte of a TLS connection: the record type `handshake` (RFC 8446 §5.1). No HTTP method
/// begins with it.
const HANDSHAKE: u8 = 0x16;

/// How long the certificates are valid. Browsers take none of a server that is valid for longer than
/// 398 days.
const LIFETIME: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// How far the clock of a client may be behind ours.
const CLOCK_SKEW: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate authority, and a certificate for the server that it has signed.
///
/// The authority's private key is forgotten once that certificate is signed, and its name constraints
/// (RFC 5280 §4.2.1.10) are the hosts given: whoever trusts the authority trusts it for nothing else.
#[derive(Clone)]
pub struct SelfSigned {
    ca_pem: Arc<str>,
    acceptor: TlsAcceptor,
}

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum SelfSignedError {
    /// A text is neither a DNS name nor an IP address.
    #[error("`{0}`: expected the name of a host, such as localhost, or an IP address")]
    Host(String),
    /// Making the certificates failed.
    #[error("no certificate could be made: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The TLS library refused them.
    #[error("no TLS with that certificate: {0}")]
    Tls(#[from] rustls::Error),
}

/// A connection whose first byte has been seen.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl SelfSigned {
    /// Certificates for `hosts` and for this machine: localhost, 127.0.0.1 and ::1.
    ///
    /// # Errors
    /// A host is neither a DNS name nor an IP address (in brackets or without), or the operating
    /// system gives no random bytes.
    pub fn new<I>(hosts: I) -> Result<Self, SelfSignedError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let mut names: BTreeSet<Host> = [
            Host::Name("localhost".to_owned()),
            Host::Address(Ipv4Addr::LOCALHOST.into()),
            Host::Address(Ipv6Addr::LOCALHOST.into()),
        ]
        .into();
        for host in hosts {
            names.insert(Host::parse(host.as_ref())?);
        }

        let ca_key = KeyPair::generate()?;
        let ca = authority_certificate(&names, &ca_key);
        let ca_certificate = ca.self_signed(&ca_key)?;
        let key = KeyPair::generate()?;
        let certificate = server_certificate(&names)?.signed_by(&key, &Issuer::new(ca, ca_key))?;

        let mut config = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.into()],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            )?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            ca_pem: ca_certificate.pem().into(),
            acceptor: TlsAcceptor::from(Arc::new(config)),
        })
    }

    /// The authority's certificate, for clients to trust.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// The connection, with its TLS handshake done if its first byte begins one.
    pub(crate) fn open(
        &self,
        stream: TcpStream,
    ) -> impl Future<Output = io::Result<Stream>> + use<> {
        let acceptor = self.acceptor.clone();
        async move {
            let mut first = [0];
            // A closed connection has no first byte. It is left to hyper, which sees that it is closed.
            stream.peek(&mut first).await?;
            if first == [HANDSHAKE] {
                Ok(Stream::Tls(Box::new(acceptor.accept(stream).await?)))
            } else {
                Ok(Stream::Plain(stream))
            }
        }
    }
}

/// A host that the certificates are for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Host {
    Name(String),
    Address(IpAddr),
}

impl Host {
    fn parse(text: &str) -> Result<Self, SelfSignedError> {
        let in_brackets = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if let Ok(address) = in_brackets.unwrap_or(text).parse() {
            return Ok(Self::Address(address));
        }
        match DnsName::try_from(text) {
            Ok(name) => Ok(Self::Name(name.to_lowercase_owned().as_ref().to_owned())),
            Err(_) => Err(SelfSignedError::Host(text.to_owned())),
        }
    }

    fn subtree(&self) -> GeneralSubtree {
        match self {
            Self::Name(name) => GeneralSubtree::DnsName(name.clone()),
            Self::Address(IpAddr::V4(address)) => {
                GeneralSubtree::IpAddress(CidrSubnet::V4(address.octets(), [u8::MAX; 4]))
            }
            Self::Address(IpAddr::V6(address)) => {
                GeneralSubtree::IpAddress(CidrSubnet::V6(address.octets(), [u8::MAX; 16]))
            }
        }
    }
}

fn authority_certificate(hosts: &BTreeSet<Host>, key: &KeyPair) -> CertificateParams {
    let mut ca = valid_from_now();
    // A name of its own for each run: of two authorities of one name, a client that trusts both
    // may try the wrong one alone.
    let id: String = ca
        .key_identifier(key)
        .iter()
        .take(4)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    ca.distinguished_name = common_name(&format!("Jeton mock {id}"));
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    ca.name_constraints = Some(NameConstraints {
        permitted_subtrees: hosts.iter().map(Host::subtree).collect(),
        excluded_subtrees: Vec::new(),
    });
    ca
}

fn server_certificate(hosts: &BTreeSet<Host>) -> Result<CertificateParams, rcgen::Error> {
    let mut server = valid_from_now();
    server.distinguished_name = common_name("localhost");
    server.subject_alt_names = hosts
        .iter()
        .map(|host| {
            Ok(match host {
                Host::Name(name) => SanType::DnsName(name.as_str().try_into()?),
                Host::Address(address) => SanType::IpAddress(*address),
            })
        })
        .collect::<Result<_, rcgen::Error>>()?;
    server.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    server.use_authority_key_identifier_extension = true;
    Ok(server)
}

fn valid_from_now() -> CertificateParams {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let epoch = date_time_ymd(1970, 1, 1);
    let mut params = CertificateParams::default();
    params.not_before = epoch + now.saturating_sub(CLOCK_SKEW);
    params.not_after = epoch + now + LIFETIME - CLOCK_SKEW;
    params
}

fn common_name(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rcgen::{CertificateParams, Issuer, KeyPair};
    use tokio_rustls::rustls::{
        RootCertStore,
        client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
        crypto::aws_lc_rs,
        pki_types::{ServerName, UnixTime},
    };

    use super::{Host, authority_certificate, server_certificate};

    /// Whether a certificate for `name` is believed of an authority made for `permitted`.
    fn check(permitted: &str, name: &str, expected: bool) {
        let host = |text| [Host::parse(text).unwrap()].into();
        let ca_key = KeyPair::generate().unwrap();
        let ca: CertificateParams = authority_certificate(&host(permitted), &ca_key);
        let mut roots = RootCertStore::empty();
        roots.add(ca.self_signed(&ca_key).unwrap().into()).unwrap();
        let certificate = server_certificate(&host(name))
            .unwrap()
            .signed_by(&KeyPair::generate().unwrap(), &Issuer::new(ca, ca_key))
            .unwrap();
        let verified = WebPkiServerVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::new(aws_lc_rs::default_provider()),
        )
        .build()
        .unwrap()
        .verify_server_cert(
            certificate.der(),
            &[],
            &ServerName::try_from(name).unwrap(),
            &[],
            UnixTime::now(),
        );
        assert_eq!(
            verified.is_ok(),
            expected,
            "{permitted}, {name}: {verified:?}"
        );
    }

    /// Were the authority's key to leak, it would still not speak for the rest of the world.
    #[test]
    fn the_authority_is_good_for_its_hosts_alone() {
        check("localhost", "localhost", true);
        check("127.0.0.1", "127.0.0.1", true);
        check("2001:db8::1", "2001:db8::1", true);
        check("localhost", "example.com", false);
        check("jeton.test", "test", false);
        check("127.0.0.1", "127.0.0.2", false);
        check("2001:db8::1", "2001:db8::2", false);
    }
}
