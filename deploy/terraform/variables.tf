variable "name" {
  description = "What everything is called."
  type        = string
  default     = "contest"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.name))
    error_message = "The name is 2 to 21 small letters, digits and hyphens."
  }
}

variable "region" {
  description = "The region of AWS."
  type        = string
  default     = "eu-central-1"
}

variable "host" {
  description = "The name by which browsers come, as contest.example."
  type        = string
}

variable "operator_cidr" {
  description = "From where operators reach the bastion: one network, as 203.0.113.7/32."
  type        = string

  validation {
    condition     = can(cidrhost(var.operator_cidr, 0)) && try(tonumber(split("/", var.operator_cidr)[1]) >= 16, false)
    error_message = "Say a network of your own, of /16 or smaller: the world is not to reach the bastion."
  }
}

variable "ssh_public_key" {
  description = "The public key that operators come with."
  type        = string
}

variable "release_url" {
  description = "Where machines get the release: a .tar.gz with bin, units and scripts, by https."
  type        = string

  validation {
    condition     = startswith(var.release_url, "https://")
    error_message = "The release comes by https."
  }
}

variable "release_sha256" {
  description = "What the release must be."
  type        = string

  validation {
    condition     = can(regex("^[0-9a-f]{64}$", var.release_sha256))
    error_message = "A SHA-256 has 64 hexadecimal digits."
  }
}

variable "vpc_cidr" {
  description = "The network of the machines."
  type        = string
  default     = "10.60.0.0/16"
}

variable "api_count" {
  description = "How many API hosts there are."
  type        = number
  default     = 2
}

variable "worker_count" {
  description = "How many worker hosts there are."
  type        = number
  default     = 2
}

variable "instance_types" {
  description = "The type of machine of each component, where it is not the default."
  type        = map(string)
  default     = {}
}

variable "data_gib" {
  description = "The size of the disk of each component that keeps something, where it is not the default."
  type        = map(number)
  default     = {}
}
