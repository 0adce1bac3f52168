//! The HTTP client of the sources that ask AWS: rustls with ring, through the environment's proxies and certificates.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::net::IpAddr;

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, ConnectorBuilder};
use aws_types::sdk_config::SharedHttpClient;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::printable;
use crate::source::SourceError;

/// The file of certificates to trust instead of the system's, as in other AWS tools.
const CA_BUNDLE: &str = "AWS_CA_BUNDLE";

/// A client for an endpoint, or for AWS's own.
///
/// It heeds `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, except that nothing on the own machine is asked through a
/// proxy, and `AWS_CA_BUNDLE`.
///
/// # Errors
/// When `AWS_CA_BUNDLE` names no file of certificates.
pub(in crate::source) fn client(endpoint: Option<&str>) -> Result<SharedHttpClient, SourceError> {
    let proxy = match endpoint.is_some_and(is_own_machine) {
        true => ProxyConfig::disabled(),
        false => ProxyConfig::from_env(),
    };
    let trust = env::var_os(CA_BUNDLE).filter(|file| !file.is_empty());
    let tls = trust.map_or_else(|| Ok(TlsContext::default()), |file| trusting(&file))?;
    Ok(Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = ConnectorBuilder::default()
            .proxy_config(proxy.clone())
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(tls.clone());
        connector.set_connector_settings(settings.cloned());
        connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
        connector.build()
    }))
}

fn is_own_machine(endpoint: &str) -> bool {
    let authority = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    let authority = authority.split('/').next().unwrap_or_default();
    let host = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => authority.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The certificates of a PEM file, each tried here: the client itself would panic over a bad one.
fn trusting(file: &OsStr) -> Result<TlsContext, SourceError> {
    let bytes = fs::read(file).map_err(|why| bad_bundle(file, &why.to_string()))?;
    let mut tried = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&bytes) {
        let certificate = certificate.map_err(|why| bad_bundle(file, &why.to_string()))?;
        tried
            .add(certificate)
            .map_err(|why| bad_bundle(file, &why.to_string()))?;
    }
    if tried.is_empty() {
        return Err(bad_bundle(file, "there is no certificate in it"));
    }
    let store = TrustStore::empty().with_pem_certificate(bytes);
    let context = TlsContext::builder().with_trust_store(store).build();
    context.map_err(|why| bad_bundle(file, &why.to_string()))
}

fn bad_bundle(file: &OsStr, why: &str) -> SourceError {
    SourceError {
        what: format!("cannot trust {}", printable::name(&file.to_string_lossy())),
        why: printable::name(why),
        hint: Some(format!(
            "{CA_BUNDLE} names a file of PEM certificates; unset it to trust the system's"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_machine_is_told_by_its_names() {
        for own in [
            "http://127.0.0.1:9000",
            "http://localhost/x",
            "https://[::1]:1",
            "127.8.0.1",
        ] {
            assert!(is_own_machine(own), "{own}");
        }
        for other in [
            "http://10.0.0.1:9000",
            "http://localhost.example",
            "https://[2001:db8::1]:1",
            "",
        ] {
            assert!(!is_own_machine(other), "{other}");
        }
    }

    #[test]
    fn what_holds_no_certificate_is_refused_before_the_client_sees_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bundle.pem");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for text in ["", "no certificate", broken] {
            fs::write(&file, text).unwrap();
            let error = trusting(file.as_os_str()).unwrap_err().to_string();
            assert!(
                error.starts_with("cannot trust /") && error.contains(CA_BUNDLE),
                "{error}"
            );
        }
        fs::remove_file(&file).unwrap();
        assert!(trusting(file.as_os_str()).is_err());
    }
}
