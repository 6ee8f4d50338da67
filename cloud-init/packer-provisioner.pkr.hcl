# The provisioners for a Packer 'build' block (amazon-ebs and its like): the last two of it. 'bake' takes away the SSH keys
# that Packer's connection came in by; the connection itself stays until Packer stops the instance.
# The binary lies beside the template. The instances' user-data still runs 'bootstrap'.
build {
  sources = ["source.amazon-ebs.relay"]

  provisioner "file" {
    source      = "smtp-relay-agent"
    destination = "/tmp/smtp-relay-agent"
  }

  provisioner "shell" {
    # Nothing may be uploaded or asked for after it, so the script removes itself and what came with it.
    skip_clean = true
    inline = [
      "chmod 755 /tmp/smtp-relay-agent",
      "sudo /tmp/smtp-relay-agent bake",
      "rm -f /tmp/smtp-relay-agent \"$0\"",
    ]
  }
}
