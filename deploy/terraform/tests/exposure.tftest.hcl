# What the world can reach, as it is planned: without a cloud, since the provider is a stand-in for planning.
mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-central-1a"] }
  }
}

variables {
  host           = "contest.example"
  operator_cidr  = "203.0.113.7/32"
  ssh_public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3c1Yb2cxvXy8vZ0n0o0o0o0o0o0o0o0o0o0o0o0o0o operators"
  release_url    = "https://releases.example/contest.tar.gz"
  release_sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}

run "the_world_reaches_the_front_on_80_and_443_alone" {
  command = apply

  assert {
    condition = alltrue([
      for rule in aws_vpc_security_group_ingress_rule.world :
      rule.security_group_id == aws_security_group.this["front"].id && rule.from_port == rule.to_port
    ])
    error_message = "A group other than the front's is open to the world."
  }

  assert {
    condition     = toset([for rule in aws_vpc_security_group_ingress_rule.world : rule.from_port]) == toset([80, 443])
    error_message = "The world reaches other ports than 80 and 443."
  }

  assert {
    condition = alltrue([
      for rule in concat(
        values(aws_vpc_security_group_ingress_rule.inside),
        values(aws_vpc_security_group_ingress_rule.bastion),
      ) : rule.cidr_ipv4 == null && rule.cidr_ipv6 == null && rule.referenced_security_group_id != null
    ])
    error_message = "A rule inside names a network instead of a group."
  }
}

run "ssh_comes_by_the_bastion_alone" {
  command = apply

  assert {
    condition     = aws_vpc_security_group_ingress_rule.operators.cidr_ipv4 == var.operator_cidr
    error_message = "The bastion is open to more than the operators."
  }

  assert {
    condition = alltrue([
      for rule in aws_vpc_security_group_ingress_rule.bastion :
      rule.referenced_security_group_id == aws_security_group.this["bastion"].id && rule.from_port == 22
    ])
    error_message = "SSH comes from elsewhere than the bastion."
  }

  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.bastion)) == setsubtract(keys(local.components), ["bastion"])
    error_message = "A component cannot be reached from the bastion, or the bastion from itself."
  }
}

run "only_the_front_and_the_bastion_have_public_addresses" {
  command = apply

  assert {
    condition     = toset([for name, machine in aws_instance.this : name if machine.associate_public_ip_address]) == toset(["front", "bastion"])
    error_message = "Another machine has a public address."
  }

  assert {
    condition     = toset(keys(aws_instance.this)) == toset(["front", "api-1", "api-2", "worker-1", "worker-2", "postgres", "rabbitmq", "redis", "store", "bastion"])
    error_message = "Not each component has its machine."
  }
}

run "a_bastion_for_the_world_is_refused" {
  command = plan

  variables {
    operator_cidr = "0.0.0.0/0"
  }

  expect_failures = [var.operator_cidr]
}
