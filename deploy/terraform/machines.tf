locals {
  components = {
    front    = { count = 1, type = "t3.small", is_public = true, data_gib = 0 }
    api      = { count = var.api_count, type = "t3.small", is_public = false, data_gib = 0 }
    worker   = { count = var.worker_count, type = "c6i.xlarge", is_public = false, data_gib = 0 }
    postgres = { count = 1, type = "m6i.large", is_public = false, data_gib = 50 }
    rabbitmq = { count = 1, type = "t3.small", is_public = false, data_gib = 10 }
    redis    = { count = 1, type = "t3.small", is_public = false, data_gib = 10 }
    store    = { count = 1, type = "t3.medium", is_public = false, data_gib = 500 }
    bastion  = { count = 1, type = "t3.nano", is_public = true, data_gib = 0 }
  }
  # front, api-1, api-2, ...
  machines = merge([
    for name, component in local.components : {
      for number in range(1, component.count + 1) :
      (contains(["api", "worker"], name) ? "${name}-${number}" : name) => merge(component, { component = name })
    }
  ]...)
  with_data = { for name, machine in local.machines : name => machine if machine.data_gib > 0 }
}

data "aws_ami" "debian" {
  most_recent = true
  owners      = ["136693071363"] # Debian

  filter {
    name   = "name"
    values = ["debian-12-amd64-*"]
  }
}

resource "aws_key_pair" "operators" {
  key_name   = var.name
  public_key = var.ssh_public_key
}

resource "aws_instance" "this" {
  for_each = local.machines

  ami                         = data.aws_ami.debian.id
  instance_type               = lookup(var.instance_types, each.value.component, each.value.type)
  subnet_id                   = each.value.is_public ? aws_subnet.public.id : aws_subnet.private.id
  associate_public_ip_address = each.value.is_public
  vpc_security_group_ids      = [aws_security_group.this[each.value.component].id]
  iam_instance_profile        = aws_iam_instance_profile.this[each.value.component].name
  key_name                    = aws_key_pair.operators.key_name
  user_data_replace_on_change = true
  tags                        = { Name = "${var.name}-${each.key}", Component = each.value.component }

  user_data = templatefile("${path.module}/user-data.sh.tftpl", {
    component = each.value.component
    name      = var.name
    region    = var.region
    host      = var.host
    url       = var.release_url
    sha256    = var.release_sha256
    apis      = [for name, machine in local.machines : name if machine.component == "api"]
    has_data  = each.value.data_gib > 0
  })

  # Credentials of the machine are for what runs on it: a request that was forwarded does not get them.
  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
  }

  root_block_device {
    volume_type = "gp3"
    volume_size = each.value.component == "worker" ? 60 : 16
    encrypted   = true
  }

  lifecycle {
    # A newer image of Debian is for a machine that is made anew on purpose.
    ignore_changes = [ami]
  }
}

# What is kept lies on a disk of its own, which outlives its machine, and as a snapshot what removes it.
resource "aws_ebs_volume" "data" {
  for_each = local.with_data

  availability_zone = aws_subnet.private.availability_zone
  size              = lookup(var.data_gib, each.value.component, each.value.data_gib)
  type              = "gp3"
  encrypted         = true
  final_snapshot    = true
  tags              = { Name = "${var.name}-${each.key}-data" }
}

resource "aws_volume_attachment" "data" {
  for_each = local.with_data

  device_name = "/dev/sdf"
  volume_id   = aws_ebs_volume.data[each.key].id
  instance_id = aws_instance.this[each.key].id
}

resource "aws_eip" "front" {
  domain   = "vpc"
  instance = aws_instance.this["front"].id
}
