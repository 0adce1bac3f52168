//! TLS in front of a server on loopback, under a certificate authority that nobody trusts who is not told to.

use std::net::SocketAddr;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::port::Port;

/// A running front; it ends when dropped.
pub struct Tls {
    port: Port,
    authority: String,
}

impl Tls {
    /// Starts a front with an authority of its own.
    ///
    /// # Panics
    /// When no thread, socket or certificate can be had.
    #[must_use]
    pub fn start(server: SocketAddr) -> Self {
        let authority = authority().expect("an authority is made from nothing");
        let acceptor = acceptor(&authority).expect("a certificate is made from nothing");
        Self {
            port: Port::serve(1, |listener| accept(listener, server, acceptor)),
            authority: authority.pem(),
        }
    }

    /// The endpoint URL, such as `https://127.0.0.1:40123`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.port.address())
    }

    /// The certificate of the authority, as PEM.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }
}

fn authority() -> Result<CertifiedIssuer<'static, KeyPair>, rcgen::Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate()?)
}

fn acceptor(authority: &CertifiedIssuer<'static, KeyPair>) -> Result<TlsAcceptor, Box<dyn std::error::Error>> {
    let key = KeyPair::generate()?;
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&key, authority)?;
    let private = PrivateKeyDer::try_from(key.serialize_der())?;
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn accept(listener: TcpListener, server: SocketAddr, acceptor: TlsAcceptor) {
    while let Ok((client, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            // A client that does not trust the certificate goes away, which is its own to tell.
            if let Ok(mut client) = acceptor.accept(client).await
                && let Ok(mut server) = TcpStream::connect(server).await
            {
                let _ = copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
}
