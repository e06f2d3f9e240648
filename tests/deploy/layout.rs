//! The layout in a cloud: who is open to the world.

use std::{env, fs, path::Path, process::Command};

use hcl::{Block, Body, Expression};

use crate::{deployment::succeeds, root};

const WORLD: &str = "0.0.0.0/0";

/// All blocks of the layout.
fn blocks() -> Vec<Block> {
    let entries = fs::read_dir(root().join("deploy/terraform")).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.extension().is_some_and(|extension| extension == "tf"));
    let bodies: Vec<Body> = files.map(|path| hcl::parse(&fs::read_to_string(path).unwrap()).unwrap()).collect();
    bodies.into_iter().flat_map(Body::into_blocks).collect()
}

fn labels(block: &Block) -> Vec<&str> {
    block.labels().iter().map(hcl::structure::BlockLabel::as_str).collect()
}

fn attribute<'a>(block: &'a Block, key: &str) -> Option<&'a Expression> {
    block.body().attributes().find(|attribute| attribute.key() == key).map(hcl::Attribute::expr)
}

fn said(block: &Block, key: &str) -> String {
    attribute(block, key).map(|expression| hcl::format::to_string(expression).unwrap()).unwrap_or_default()
}

#[test]
fn no_group_but_the_fronts_is_open_to_the_world_and_that_on_80_and_443() {
    let mut open = 0;
    for block in blocks().iter().filter(|block| block.identifier() == "resource") {
        let labels = labels(block);
        assert_ne!(labels[0], "aws_security_group_rule", "rules are made in one way");
        let has_rules_inside = block.body().blocks().any(|inner| ["ingress", "egress"].contains(&inner.identifier()));
        assert!(!labels[0].contains("security_group") || !has_rules_inside, "{labels:?}");
        if labels[0] != "aws_vpc_security_group_ingress_rule" {
            continue;
        }
        assert!(attribute(block, "cidr_ipv6").is_none() && attribute(block, "prefix_list_id").is_none(), "{labels:?}");
        let from = said(block, "cidr_ipv4");
        if from.contains(WORLD) {
            open += 1;
            assert_eq!(labels[1], "world");
            assert_eq!(said(block, "security_group_id"), "aws_security_group.this[\"front\"].id");
            assert_eq!((said(block, "from_port"), said(block, "to_port")), ("each.value".into(), "each.value".into()));
            let ports = said(block, "for_each");
            let ports: Vec<_> = ports.split(|c: char| !c.is_ascii_digit()).filter(|word| !word.is_empty()).collect();
            assert_eq!(ports, ["80", "443"]);
        } else {
            let is_group = attribute(block, "referenced_security_group_id").is_some();
            assert!(is_group != (from == "var.operator_cidr"), "{labels:?} is open to {from}");
        }
    }
    assert_eq!(open, 1);
}

#[test]
fn ssh_comes_from_operators_to_the_bastion_and_from_there() {
    let rules: Vec<_> = blocks().into_iter().filter(|block| said(block, "from_port") == "22").collect();

    assert_eq!(rules.len(), 2);
    for rule in rules {
        let from = (said(&rule, "cidr_ipv4"), said(&rule, "referenced_security_group_id"));
        let to = said(&rule, "security_group_id");
        match labels(&rule)[1] {
            "operators" => assert_eq!(
                (from.0.as_str(), to.as_str()),
                ("var.operator_cidr", "aws_security_group.this[\"bastion\"].id")
            ),
            _ => assert_eq!((from.0.as_str(), from.1.as_str()), ("", "aws_security_group.this[\"bastion\"].id")),
        }
    }
}

#[test]
fn the_script_of_each_machine_is_a_script() {
    let template = fs::read_to_string(root().join("deploy/terraform/user-data.sh.tftpl")).unwrap();
    // What the template chooses between is in it at once then.
    let script: Vec<_> = template.lines().filter(|line| !line.starts_with("%{")).collect();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("script");
    fs::write(&file, script.join("\n")).unwrap();

    succeeds(Command::new("bash").arg("-n").arg(file));
}

/// `terraform test`, with a stand-in for the cloud: where Terraform is, and its provider for AWS.
#[test]
fn terraform_plans_what_the_layout_says() {
    let Some(plugins) = env::var_os("STAGEMARK_TERRAFORM_PLUGINS") else {
        println!("skipped: STAGEMARK_TERRAFORM_PLUGINS names no folder with Terraform's provider for AWS");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    succeeds(Command::new("cp").arg("-R").arg(root().join("deploy/terraform/.")).arg(folder.path()));
    let terraform = |arguments: &[&str], more: Option<String>| {
        let mut terraform = Command::new("terraform");
        terraform.current_dir(folder.path()).env_remove("TF_CLI_CONFIG_FILE").env("CHECKPOINT_DISABLE", "1");
        succeeds(terraform.args(arguments).args(more));
    };

    terraform(&["fmt", "-check", "-recursive"], None);
    let plugins = format!("-plugin-dir={}", Path::new(&plugins).display());
    terraform(&["init", "-input=false", "-backend=false"], Some(plugins));
    terraform(&["validate"], None);
    terraform(&["test"], None);
}
