//! The parts that Terraform modules of several targets share.

use crate::hcl::{Body, Expression, reference};

/// `versions.tf` for the AWS provider from `least` on.
pub(super) fn versions(least: &str) -> String {
    let aws = format!("{{\n      source  = \"hashicorp/aws\"\n      version = \">= {least}, < 7\"\n    }}");
    let providers = Body::default().attribute("aws", reference(aws));
    let terraform = Body::default()
        .attribute("required_version", ">= 1.3")
        .block("required_providers", &[], providers);
    Body::default().block("terraform", &[], terraform).into_text()
}

/// The body of a variable.
pub(super) fn variable(description: &str, kind: &str) -> Body {
    Body::default()
        .attribute("description", description)
        .attribute("type", reference(kind))
}

/// Adds a resource.
pub(super) fn resource(out: Body, kind: &str, label: &str, body: Body) -> Body {
    out.block("resource", &[kind, label], body)
}

/// A list of texts.
pub(super) fn strings<'a>(texts: impl IntoIterator<Item = &'a str>) -> Expression {
    Expression::List(texts.into_iter().map(Expression::from).collect())
}
