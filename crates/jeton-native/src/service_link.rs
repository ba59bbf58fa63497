//! Service links: the variables by which Kubernetes and Docker tell a container where the services
//! around it are. One for a service called `jeton` begins like a setting and is none.

/// The transports of a published port (Kubernetes Service API, `protocol`).
const TRANSPORTS: [&str; 3] = ["tcp", "udp", "sctp"];

/// Whether the variable was put there for a service, by Kubernetes (“Discovering services:
/// environment variables”) or by Docker's links. For a service `jeton` on port 8080 these are
/// `JETON_SERVICE_HOST`, `JETON_SERVICE_PORT`, `JETON_SERVICE_PORT_HTTP`, `JETON_PORT_8080_TCP`,
/// `JETON_PORT_8080_TCP_PROTO`, `_PORT` and `_ADDR`, and `JETON_PORT`, which only its value
/// `tcp://10.96.0.7:8080` tells from the setting.
pub(crate) fn is_service_link(name: &str, value: &str) -> bool {
    names_a_service(name) || names_a_port(name) || (name.ends_with("_PORT") && is_endpoint(value))
}

fn names_a_service(name: &str) -> bool {
    name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
}

/// Whether the name is `…_PORT_8080_TCP` or one of the three that begin so.
fn names_a_port(name: &str) -> bool {
    let name = ["_PROTO", "_PORT", "_ADDR"]
        .iter()
        .find_map(|end| name.strip_suffix(end))
        .unwrap_or(name);
    let Some((service, transport)) = name.rsplit_once('_') else {
        return false;
    };
    let known = |known: &&str| known.eq_ignore_ascii_case(transport);
    let port = service.rsplit_once("_PORT_").map(|(_, port)| port);
    TRANSPORTS.iter().any(known) && port.is_some_and(|port| port.parse::<u16>().is_ok())
}

/// Whether the value is a URL such as `tcp://10.96.0.7:8080`.
fn is_endpoint(value: &str) -> bool {
    let scheme = value.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| TRANSPORTS.contains(&scheme))
}

#[cfg(test)]
mod tests {
    use super::is_service_link;

    #[test]
    fn what_a_platform_puts_there() {
        for (name, value) in [
            ("JETON_SERVICE_HOST", "10.96.0.7"),
            ("JETON_SERVICE_PORT", "8080"),
            ("JETON_SERVICE_PORT_HTTP", "8080"),
            ("JETON_PORT", "tcp://10.96.0.7:8080"),
            ("JETON_PORT", "tcp://[fd00::7]:8080"),
            ("JETON_PORT_8080_TCP", "tcp://10.96.0.7:8080"),
            ("JETON_PORT_8080_TCP_PROTO", "tcp"),
            ("JETON_PORT_8080_TCP_PORT", "8080"),
            ("JETON_PORT_8080_TCP_ADDR", "10.96.0.7"),
            ("JETON_PORT_53_UDP", "udp://10.96.0.7:53"),
            ("JETON_MOCK_SERVICE_HOST", "10.96.0.8"),
            ("JETON_MOCK_PORT", "tcp://10.96.0.8:9400"),
            ("SERVER_PORT", "tcp://10.96.0.9:80"),
        ] {
            assert!(is_service_link(name, value), "{name}={value}");
        }
    }

    #[test]
    fn what_is_a_setting_or_a_typing_error() {
        for (name, value) in [
            ("JETON_PORT", "8080"),
            ("JETON_PORT", ""),
            ("JETON_PORT", "http://10.96.0.7:8080"),
            ("JETON_PORTS", "tcp://10.96.0.7:8080"),
            ("JETON_HOST", "10.96.0.7"),
            ("JETON_SERVICE", "jeton"),
            ("JETON_PORT_8080", "8080"),
            ("JETON_PORT_HTTP_TCP", "8080"),
            ("JETON_ISSUER", "tcp://10.96.0.7:8080"),
            ("JETON_SECERT", "x"),
        ] {
            assert!(!is_service_link(name, value), "{name}={value}");
        }
    }
}
