//! Terraform with the real AWS provider: the generated module, its caller, an empty second plan, and the flip.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use egressmap_generator::OnConflict;
use serde_json::{Value, json};

use crate::appmesh_api::AppMeshApi;
use crate::docket::{proposal, skip, write, written};

/// The provider, which speaks to the API at `API`.
pub(crate) const PROVIDER: &str = r#"
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.31, < 7"
    }
  }
}

provider "aws" {
  region                      = "us-east-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
  skip_region_validation      = true

  endpoints {
    appmesh = "http://API"
    sts     = "http://API"
  }
}
"#;

/// What a platform team has: the mesh, a caller of its own, and the module between them.
const ROOT: &str = r#"
variable "egress" {
  type    = string
  default = "ALLOW_ALL"
}

resource "aws_appmesh_mesh" "shop" {
  name = "shop"

  spec {
    egress_filter {
      type = var.egress
    }
  }
}

module "egress" {
  source    = "./appmesh-terraform"
  mesh_name = aws_appmesh_mesh.shop.name
}

resource "aws_appmesh_virtual_node" "caller" {
  for_each  = toset(["checkout", "media", "$${path.module}", "not-in-the-map"])
  name      = each.key
  mesh_name = aws_appmesh_mesh.shop.name

  spec {
    dynamic "backend" {
      for_each = lookup(module.egress.backends, each.key, [])

      content {
        virtual_service {
          virtual_service_name = backend.value
        }
      }
    }

    listener {
      port_mapping {
        port     = 8080
        protocol = "http"
      }
    }

    service_discovery {
      dns {
        hostname = "caller.shop.test"
      }
    }
  }
}
"#;

/// Terraform in a folder.
pub(crate) struct Terraform<'a> {
    pub(crate) root: &'a Path,
}

impl Terraform<'_> {
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("terraform");
        command.current_dir(self.root).args(arguments);
        // A configuration of the machine, or a profile of its user, must not decide the test.
        for name in [
            "TF_DATA_DIR",
            "TF_CLI_ARGS",
            "TF_WORKSPACE",
            "AWS_PROFILE",
            "AWS_ENDPOINT_URL",
            "AWS_SESSION_TOKEN",
        ] {
            command.env_remove(name);
        }
        command
            .env("TF_CLI_CONFIG_FILE", self.root.join("terraform.rc"))
            .env("TF_IN_AUTOMATION", "1")
            .env("CHECKPOINT_DISABLE", "1")
            .env("AWS_CONFIG_FILE", self.root.join("none"))
            .env("AWS_SHARED_CREDENTIALS_FILE", self.root.join("none"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("NO_PROXY", "127.0.0.1");
        command.output().unwrap()
    }

    /// Runs what must succeed.
    pub(crate) fn must(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "terraform {}: {}",
            arguments.join(" "),
            said(&output)
        );
        said(&output)
    }

    /// `terraform init`, from the mirror where there is one; `false` where the provider cannot be had.
    pub(crate) fn init(&self) -> bool {
        let mirror = std::env::var_os("EGRESSMAP_TERRAFORM_MIRROR");
        let installation = mirror.as_ref().map(|mirror| {
            let mirror = mirror.to_string_lossy().replace('\\', "/");
            format!("provider_installation {{\n  filesystem_mirror {{\n    path = {mirror:?}\n  }}\n}}\n")
        });
        fs::write(self.root.join("terraform.rc"), installation.unwrap_or_default()).unwrap();
        let init = self.run(&["init", "-input=false", "-no-color"]);
        if !init.status.success() && mirror.is_none() {
            skip("terraform init", "no provider; set EGRESSMAP_TERRAFORM_MIRROR");
            return false;
        }
        assert!(init.status.success(), "{}", said(&init));
        true
    }
}

pub(crate) fn said(output: &Output) -> String {
    let texts = [&output.stdout, &output.stderr];
    texts.map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

pub(crate) fn is_there() -> bool {
    let there = Command::new("terraform")
        .arg("version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !there {
        skip("terraform", "not found on PATH");
    }
    there
}

#[test]
fn the_generated_files_are_laid_out_as_terraform_fmt_does() {
    if !is_there() {
        return;
    }
    let (root, _) = written("appmesh-terraform", OnConflict::RouterPorts);
    fs::write(root.path().join("terraform.rc"), "").unwrap();
    let output = Terraform { root: root.path() }.run(&["fmt", "-check", "-diff", "-recursive"]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn the_module_applies_once_and_then_the_mesh_drops_the_rest() {
    if !is_there() {
        return;
    }
    let api = AppMeshApi::start();
    let (root, _) = written("appmesh-terraform", OnConflict::Ask);
    let terraform = Terraform { root: root.path() };
    fs::write(
        root.path().join("main.tf"),
        format!("{PROVIDER}{ROOT}").replace("API", &api.address.to_string()),
    )
    .unwrap();

    if !terraform.init() {
        return;
    }
    terraform.must(&["validate", "-no-color"]);
    terraform.must(&["plan", "-input=false", "-no-color", "-out=plan"]);
    terraform.must(&["apply", "-input=false", "-no-color", "plan"]);
    assert_mesh(&api, "ALLOW_ALL");

    // 0: nothing to do; 2: changes.
    let second = terraform.run(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]);
    assert_eq!(second.status.code(), Some(0), "{}", said(&second));

    terraform.must(&[
        "apply",
        "-input=false",
        "-no-color",
        "-auto-approve",
        "-var=egress=DROP_ALL",
    ]);
    assert_mesh(&api, "DROP_ALL");

    // A choice made later changes what is there in place, and so does another one.
    let choose = |choice| {
        write(root.path(), "appmesh-terraform", &proposal(choice));
        terraform.must(&["apply", "-input=false", "-no-color", "-auto-approve"]);
    };
    choose(OnConflict::RouterPorts);
    assert_routers(&api);
    let again = terraform.run(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]);
    assert_eq!(again.status.code(), Some(0), "{}", said(&again));
    choose(OnConflict::IgnorePort);
    assert_eq!(api.names("meshes/shop/virtualRouters"), [""; 0]);
    assert_eq!(backends(&api, "media"), ["_acme.cdn_.example"]);
}

/// The host that gives way is reached through its router, and both hosts are backends.
fn assert_routers(api: &AppMeshApi) {
    let routers = api.names("meshes/shop/virtualRouters");
    assert_eq!(routers, ["ext-a-b-cdn-example"]);
    let path = format!("meshes/shop/virtualRouter/{}/routes", routers[0]);
    let route = api.spec(&format!("{path}/{}", api.names(&path)[0]));
    assert_eq!(route["tcpRoute"]["match"], json!({"port": 444}));
    assert_eq!(route["tcpRoute"]["action"]["weightedTargets"][0]["port"], 443);
    assert_eq!(
        backends(api, "media"),
        ["_acme.cdn_.example", "a-b.cdn.example", "a.b.cdn.example"]
    );
}

/// What the API was told is what the proposal meant.
fn assert_mesh(api: &AppMeshApi, filter: &str) {
    assert_eq!(api.spec("meshes/shop")["egressFilter"]["type"], filter);
    let hosts = [
        "_acme.cdn_.example",
        "a-b.cdn.example",
        "a.b.cdn.example",
        "api.stripe.com",
        "queue.partner.example",
        "rates.example",
    ];
    assert_eq!(api.names("meshes/shop/virtualServices"), hosts);
    let nodes = api.names("meshes/shop/virtualNodes");
    assert_eq!(
        nodes.iter().filter(|name| name.starts_with("ext-")).count(),
        hosts.len()
    );

    let node = json!({
        "listeners": [{"portMapping": {"port": 443, "protocol": "tcp"}}],
        "serviceDiscovery": {"dns": {"hostname": "api.stripe.com", "responseType": "LOADBALANCER"}},
    });
    let written = api.spec("meshes/shop/virtualNodes/ext-api-stripe-com");
    assert_eq!(written["listeners"], node["listeners"]);
    assert_eq!(written["serviceDiscovery"], node["serviceDiscovery"]);
    let provider = json!({"virtualNode": {"virtualNodeName": "ext-api-stripe-com"}});
    assert_eq!(
        api.spec("meshes/shop/virtualServices/api.stripe.com")["provider"],
        provider
    );

    assert_eq!(
        backends(api, "checkout"),
        ["api.stripe.com", "queue.partner.example", "rates.example"]
    );
    assert_eq!(backends(api, "${path.module}"), ["rates.example"]);
    assert_eq!(backends(api, "not-in-the-map"), [""; 0]);
}

fn backends(api: &AppMeshApi, caller: &str) -> Vec<String> {
    let spec = api.spec(&format!("meshes/shop/virtualNodes/{caller}"));
    let name = |backend: &Value| {
        backend["virtualService"]["virtualServiceName"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let mut names: Vec<String> = spec["backends"].as_array().into_iter().flatten().map(name).collect();
    // Terraform keeps backends as a set, so the API gets them in an order of its own.
    names.sort();
    names
}
