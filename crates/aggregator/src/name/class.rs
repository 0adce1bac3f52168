//! What kind of far end a dependency has, and what is spoken where no proxy saw it.

use std::net::IpAddr;

use crate::identity::DnsName;
use crate::map::{Application, Class, Protocol};

/// The suffixes under which AWS names its service endpoints.
const AWS_SUFFIXES: [&str; 3] = ["amazonaws.com", "amazonaws.com.cn", "api.aws"];

/// Infrastructure by port or by a link-local metadata address, before anything that the name says.
pub(super) fn is_infrastructure(address: Option<IpAddr>, port: u16, protocol: Protocol) -> bool {
    let by_port = match protocol {
        Protocol::Tcp => port == 53,
        Protocol::Udp => matches!(port, 53 | 67 | 68 | 123),
        Protocol::Icmp | Protocol::Other(_) => false,
    };
    by_port || address.is_some_and(is_metadata)
}

/// Instance and task metadata, the Amazon DNS and time services: `169.254.0.0/16` and `fd00:ec2::/32`.
fn is_metadata(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.segments().starts_with(&[0xfd00, 0x0ec2]),
    }
}

/// What stands between such a suffix and the names of what customers run: machines, balancers, APIs of their own.
const OF_CUSTOMERS: [&str; 4] = ["compute", "compute-1", "elb", "execute-api"];

/// Whether a host name is of an AWS service endpoint.
pub(super) fn is_aws_name(name: &DnsName) -> bool {
    AWS_SUFFIXES.iter().any(|suffix| name.is_under(suffix))
        && !name.as_str().split('.').any(|label| OF_CUSTOMERS.contains(&label))
}

/// The class of an unowned address by itself: RFC 1918, RFC 6598 and `fc00::/7` are private.
pub(super) fn of_address(address: IpAddr) -> Class {
    let private = match address {
        IpAddr::V4(v4) => v4.is_private() || matches!(v4.octets(), [100, 64..=127, ..]),
        IpAddr::V6(v6) => v6.is_unique_local(),
    };
    if private { Class::Private } else { Class::External }
}

/// What is spoken, inferred from the port.
pub(super) fn spoken(port: u16, protocol: Protocol) -> Application {
    match (protocol, port) {
        (Protocol::Tcp, 80) => Application::Http,
        (Protocol::Tcp, 443) => Application::Tls,
        (Protocol::Tcp, _) => Application::Tcp,
        (Protocol::Udp, _) => Application::Udp,
        (Protocol::Icmp, _) => Application::Icmp,
        (Protocol::Other(_), _) => Application::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn private_addresses_are_those_of_rfc_1918_rfc_6598_and_unique_local() {
        for private in [
            "10.0.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "100.64.0.1",
            "100.127.255.255",
            "fd12::1",
        ] {
            assert_eq!(of_address(ip(private)), Class::Private, "{private}");
        }
        for external in [
            "172.32.0.1",
            "100.63.255.255",
            "100.128.0.0",
            "203.0.113.7",
            "2001:db8::1",
        ] {
            assert_eq!(of_address(ip(external)), Class::External, "{external}");
        }
    }

    #[test]
    fn infrastructure_is_dns_time_dhcp_and_metadata() {
        let resolver = Some(ip("203.0.113.53"));
        assert!(is_infrastructure(resolver, 53, Protocol::Udp) && is_infrastructure(resolver, 53, Protocol::Tcp));
        assert!(is_infrastructure(None, 123, Protocol::Udp) && !is_infrastructure(None, 123, Protocol::Tcp));
        assert!(is_infrastructure(None, 67, Protocol::Udp) && is_infrastructure(None, 68, Protocol::Udp));
        assert!(is_infrastructure(Some(ip("169.254.169.254")), 80, Protocol::Tcp));
        assert!(is_infrastructure(Some(ip("fd00:ec2::254")), 80, Protocol::Tcp));
        assert!(!is_infrastructure(Some(ip("fd00:ec3::254")), 80, Protocol::Tcp));
    }

    #[test]
    fn an_aws_name_stands_under_an_aws_suffix() {
        let is_aws = |text: &str| is_aws_name(&DnsName::try_from(text.to_owned()).unwrap());
        assert!(is_aws("sqs.eu-west-1.amazonaws.com") && is_aws("s3.cn-north-1.amazonaws.com.cn"));
        assert!(is_aws("lambda.eu-west-1.api.aws"));
        assert!(!is_aws("amazonaws.com.example.test") && !is_aws("notamazonaws.com"));
    }

    #[test]
    fn what_customers_run_at_aws_is_no_endpoint_of_it() {
        for theirs in [
            "ec2-203-0-113-7.eu-west-1.compute.amazonaws.com",
            "ec2-203-0-113-7.compute-1.amazonaws.com",
            "shop-1234567890.eu-west-1.elb.amazonaws.com",
            "shop-0a1b2c.elb.eu-west-1.amazonaws.com",
            "a1b2c3.execute-api.eu-west-1.amazonaws.com",
        ] {
            assert!(!is_aws_name(&DnsName::try_from(theirs.to_owned()).unwrap()), "{theirs}");
        }
    }
}
