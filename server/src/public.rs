//! The address under which people reach a server from other machines: through a proxy that speaks TLS.

use std::{fmt, str::FromStr, sync::Arc};

use http::Uri;

/// `https://NAME` or `https://NAME:PORT`, nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl {
    /// In lower case, without the port that https has by itself.
    authority: Arc<str>,
}

impl PublicUrl {
    /// Whether a request with this `Host` was meant for it.
    pub(crate) fn is_host(&self, host: &str) -> bool {
        host.strip_suffix(":443").unwrap_or(host).eq_ignore_ascii_case(&self.authority)
    }
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "write it as https://NAME: the name that people type, without a path".to_owned();
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@')).ok_or_else(wrong)?;
        if uri.scheme_str() != Some("https") {
            return Err("passwords would be sent in the clear: it begins with https://, which a proxy in front of \
                        this server speaks"
                .to_owned());
        }
        if uri.path() != "/" || uri.query().is_some() || text.contains('#') || authority.host().is_empty() {
            return Err(wrong());
        }
        let authority = authority.as_str().to_ascii_lowercase();
        Ok(Self { authority: authority.strip_suffix(":443").unwrap_or(&authority).into() })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "https://{}", self.authority)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_name_with_tls_is_public() {
        for text in ["https://data.example", "https://Data.Example/", "https://data.example:443"] {
            let url: PublicUrl = text.parse().expect(text);
            assert_eq!(url.to_string(), "https://data.example");
            assert!(url.is_host("data.example") && url.is_host("DATA.example:443"));
            assert!(!url.is_host("data.example:80") && !url.is_host("data.example.evil.example"));
        }
        let with_port: PublicUrl = "https://data.example:8443".parse().expect("a port is fine");
        assert!(with_port.is_host("data.example:8443") && !with_port.is_host("data.example"));
        let wrong = [
            "",
            "data.example",
            "http://data.example",
            "https://",
            "https://a/b",
            "https://a?b",
            "https://a@b",
            "https://a#b",
        ];
        for text in wrong {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }
}
