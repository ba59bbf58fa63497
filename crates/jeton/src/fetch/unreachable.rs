use http::StatusCode;

/// Why somebody else's server was not asked, or gave nothing that can be used: for the log. Holds no
/// word of what that server sent but its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The text is no URL of a server, or holds what no URL here needs.
    #[error("not an absolute URL of at most 2,048 printable ASCII characters")]
    NotAUrl,
    /// Neither https nor, in development, http to this machine.
    #[error("not https")]
    NotHttps,
    /// The URL names a user.
    #[error("the URL holds user information")]
    UserInformation,
    /// The URL has a fragment.
    #[error("the URL holds a fragment")]
    Fragment,
    /// The host is a name that means something else in each network.
    #[error("the host is a name of a local network")]
    LocalName,
    /// The host is written as an address.
    #[error("the host is an address instead of a name")]
    AddressLiteral,
    /// The URL is at the origin of our own issuer.
    #[error("the URL is our own")]
    OwnOrigin,
    /// The address, or one that the name resolves to, is not of the public internet: what it is of.
    #[error("the address is not public: {0}")]
    NotPublic(&'static str),
    /// The answer points elsewhere.
    #[error("redirected ({0})")]
    Redirected(StatusCode),
    /// The answer has another status than the one that is needed.
    #[error("status {0}")]
    Status(StatusCode),
    /// The answer is longer than it may be.
    #[error("too large")]
    TooLarge,
    /// The answer was not whole in time.
    #[error("too slow")]
    TooSlow,
    /// The connection failed: at which step.
    #[error("the connection failed: {0}")]
    ConnectionFailed(&'static str),
    /// The answer is no JSON, or does not say that it is.
    #[error("not JSON")]
    NotJson,
    /// The JSON is not what was expected there: what it is instead.
    #[error("not usable: {0}")]
    NotUsable(&'static str),
    /// Enough requests are under way to that URL.
    #[error("busy: enough requests are under way")]
    Busy,
    /// This deployment reaches nobody.
    #[error("this deployment reaches nobody")]
    Nobody,
}
