//! The scopes by which access tokens open the management interface. They are this server's own: no API
//! has one, and no client gives itself one.

/// Reads and writes clients and their secrets.
pub(crate) const CLIENTS: &str = "jeton:clients";
/// Reads clients.
pub(crate) const CLIENTS_READ: &str = "jeton:clients:read";
/// Reads and writes APIs.
pub(crate) const APIS: &str = "jeton:apis";
/// Reads and writes trust documents.
pub(crate) const TRUST: &str = "jeton:trust";
/// Reads and ends grants.
pub(crate) const GRANTS: &str = "jeton:grants";
/// Registers clients (RFC 7591).
pub(crate) const REGISTER: &str = "jeton:register";

/// Every one of them.
pub const MANAGEMENT_SCOPES: [&str; 6] = [CLIENTS, CLIENTS_READ, APIS, TRUST, GRANTS, REGISTER];

/// Whether a scope token is a right over this server, now or in a later release.
pub(crate) fn is_privilege(token: &str) -> bool {
    token.starts_with("jeton:")
}
