//! Other servers that `serve` works with: one that takes mail, and one that signs people in.

use clap::Args;
use hub::{MailSender, MailServer, MailSetup, ProviderAddress, ProviderSetup};

use super::Failure;

/// Which other servers, and how.
#[derive(Args)]
pub(crate) struct Options {
    /// The server that takes mail to people: smtps://NAME:PASSWORD@HOST:PORT, or smtp://. Better kept in the variable than
    /// on the command line, where others on this machine see the password.
    #[arg(long, env = "ANABRANCH_MAIL", hide_env_values = true, value_name = "smtp://HOST")]
    mail: Option<MailServer>,
    /// From whom that mail is.
    #[arg(long, env = "ANABRANCH_MAIL_FROM", value_name = "NAME <ADDRESS>")]
    mail_from: Option<MailSender>,
    /// The address of a provider that signs people in by OpenID Connect. It sends them back to /sign-in/return.
    #[arg(long, env = "ANABRANCH_OIDC_ISSUER", value_name = "https://HOST")]
    oidc_issuer: Option<ProviderAddress>,
    /// What the provider calls this server.
    #[arg(long, env = "ANABRANCH_OIDC_CLIENT_ID", value_name = "ID")]
    oidc_client_id: Option<String>,
    /// The secret that the provider has given this server. Better kept in the variable.
    #[arg(long, env = "ANABRANCH_OIDC_CLIENT_SECRET", hide_env_values = true, value_name = "SECRET")]
    oidc_client_secret: Option<String>,
    /// What people call the provider: “Sign in with …”.
    #[arg(long, env = "ANABRANCH_OIDC_NAME", default_value = "single sign-on", value_name = "NAME")]
    oidc_name: String,
}

impl Options {
    /// How mail is sent, if it is.
    pub(crate) fn mail(&self) -> Result<Option<MailSetup>, Failure> {
        match (self.mail.clone(), self.mail_from.clone()) {
            (None, None) => Ok(None),
            (Some(server), Some(from)) => Ok(Some(MailSetup { server, from })),
            _ => Err(Failure::new("--mail and --mail-from go together")),
        }
    }

    /// Who signs people in, if anybody does; `origin` is where this server is found.
    pub(crate) fn provider(&self, origin: &str) -> Result<Option<ProviderSetup>, Failure> {
        let given = (self.oidc_issuer.clone(), self.oidc_client_id.clone(), self.oidc_client_secret.clone());
        match given {
            (None, None, None) => Ok(None),
            (Some(issuer), Some(client_id), Some(client_secret)) => {
                let (name, return_to) = (self.oidc_name.clone(), format!("{origin}/sign-in/return"));
                Ok(Some(ProviderSetup { issuer, client_id, client_secret, name, return_to }))
            }
            _ => Err(Failure::new("--oidc-issuer, --oidc-client-id and --oidc-client-secret go together")),
        }
    }
}
