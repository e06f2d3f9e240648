output "front_address" {
  description = "Where the name of the contest is to lead to."
  value       = aws_eip.front.public_ip
}

output "bastion_address" {
  description = "Where operators come in: ssh -J admin@ADDRESS admin@postgres.contest.internal."
  value       = aws_instance.this["bastion"].public_ip
}

output "private_addresses" {
  description = "Each machine, as the others reach it."
  value       = { for name, machine in aws_instance.this : name => machine.private_ip }
}
