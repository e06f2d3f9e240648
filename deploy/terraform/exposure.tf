# Who may talk to whom. What is not here is not let through.
locals {
  talks = {
    front_to_api       = { from = "front", to = "api", port = 8080 }
    front_to_store     = { from = "front", to = "store", port = 8333 }
    api_to_postgres    = { from = "api", to = "postgres", port = 5432 }
    api_to_rabbitmq    = { from = "api", to = "rabbitmq", port = 5672 }
    api_to_redis       = { from = "api", to = "redis", port = 6379 }
    api_to_store       = { from = "api", to = "store", port = 8333 }
    worker_to_postgres = { from = "worker", to = "postgres", port = 5432 }
    worker_to_rabbitmq = { from = "worker", to = "rabbitmq", port = 5672 }
    worker_to_redis    = { from = "worker", to = "redis", port = 6379 }
    worker_to_store    = { from = "worker", to = "store", port = 8333 }
  }
  # Machines that can be reached from the bastion, by SSH.
  inside = setsubtract(keys(local.components), ["bastion"])
}

resource "aws_security_group" "this" {
  for_each = local.components

  name        = "${var.name}-${each.key}"
  description = "Machines of the component ${each.key}"
  vpc_id      = aws_vpc.this.id
  tags        = { Name = "${var.name}-${each.key}" }
}

# The one way in from the world: the front, by HTTP, which leads to HTTPS, and by HTTPS.
resource "aws_vpc_security_group_ingress_rule" "world" {
  for_each = { http = 80, https = 443 }

  security_group_id = aws_security_group.this["front"].id
  description       = "The world by ${each.key}"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value
  to_port           = each.value
}

resource "aws_vpc_security_group_ingress_rule" "operators" {
  security_group_id = aws_security_group.this["bastion"].id
  description       = "Operators by SSH"
  cidr_ipv4         = var.operator_cidr
  ip_protocol       = "tcp"
  from_port         = 22
  to_port           = 22
}

resource "aws_vpc_security_group_ingress_rule" "bastion" {
  for_each = local.inside

  security_group_id            = aws_security_group.this[each.key].id
  description                  = "The bastion by SSH"
  referenced_security_group_id = aws_security_group.this["bastion"].id
  ip_protocol                  = "tcp"
  from_port                    = 22
  to_port                      = 22
}

resource "aws_vpc_security_group_ingress_rule" "inside" {
  for_each = local.talks

  security_group_id            = aws_security_group.this[each.value.to].id
  description                  = each.key
  referenced_security_group_id = aws_security_group.this[each.value.from].id
  ip_protocol                  = "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

# Out: to each other, and to packages, the release and AWS itself.
resource "aws_vpc_security_group_egress_rule" "inside" {
  for_each = local.components

  security_group_id = aws_security_group.this[each.key].id
  description       = "The machines here"
  cidr_ipv4         = var.vpc_cidr
  ip_protocol       = "-1"
}

resource "aws_vpc_security_group_egress_rule" "packages" {
  for_each = { for pair in setproduct(keys(local.components), [80, 443]) : "${pair[0]}-${pair[1]}" => pair }

  security_group_id = aws_security_group.this[each.value[0]].id
  description       = "Packages, the release and AWS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = each.value[1]
  to_port           = each.value[1]
}
