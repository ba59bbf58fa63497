use http::StatusCode;

/// Why somebody else's server was not asked, or gave no usable answer. For the log: of what that
/// server sent it holds only the status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreachable {
    /// The text is not an absolute URL, or is too long, or not printable ASCII.
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
    /// The host is a name of a local network, which means another host in each.
    #[error("the host is a name of a local network")]
    LocalName,
    /// The host is written as an address.
    #[error("the host is an address instead of a name")]
    AddressLiteral,
    /// The URL is at the origin of our own issuer.
    #[error("the URL is our own")]
    OwnOrigin,
    /// The address, or one that the name resolves to, is not public: its kind.
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
    /// The connection failed: the step at which.
    #[error("the connection failed: {0}")]
    ConnectionFailed(&'static str),
    /// The answer is not JSON, or its media type is not.
    #[error("not JSON")]
    NotJson,
    /// The JSON is not what was expected: what is wrong with it.
    #[error("not usable: {0}")]
    NotUsable(&'static str),
    /// As many requests to that URL as are allowed are under way.
    #[error("busy: enough requests are under way")]
    Busy,
    /// This deployment reaches nobody.
    #[error("this deployment reaches nobody")]
    Nobody,
}
