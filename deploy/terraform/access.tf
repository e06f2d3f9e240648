# Each component reads its own secrets, and may do nothing else in AWS.
data "aws_caller_identity" "here" {}

resource "aws_iam_role" "this" {
  for_each = local.components

  name = "${var.name}-${each.key}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ec2.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "secrets" {
  for_each = local.components

  name = "secrets"
  role = aws_iam_role.this[each.key].id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "ssm:GetParametersByPath"
      Resource = "arn:aws:ssm:${var.region}:${data.aws_caller_identity.here.account_id}:parameter/${var.name}/${each.key}"
    }]
  })
}

resource "aws_iam_instance_profile" "this" {
  for_each = local.components

  name = "${var.name}-${each.key}"
  role = aws_iam_role.this[each.key].name
}
