"""The lab: a VPC with metadata, AWS APIs, a load balancer, relays and a sender, on one machine."""
