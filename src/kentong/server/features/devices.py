"""Devices: which are signed in, and signing one out."""

from kentong.protocol.errors import ErrorCode, Refused
from kentong.protocol.messages import Device, Devices, Done, GetDevices, RevokeDevice
from kentong.server.access import Context
from kentong.server.features import sign_in
from kentong.server.storage import devices


def get_devices(context: Context, request: GetDevices) -> Devices:
    """The caller's devices, oldest first."""
    found = devices.devices_of(context.tx, context.caller.user_id)
    return Devices(
        request.request,
        [
            Device(
                device.id, device.name, device.created_at, device.seen_at,
                int(device.id == context.caller.device_id),
            )
            for device in found
        ],
    )  # fmt: skip


def revoke_device(context: Context, command: RevokeDevice) -> Done:
    """Sign out one of the caller's devices. Raises Refused(NOT_FOUND)."""
    device = devices.device(context.tx, command.device)
    if device is None or device.user_id != context.caller.user_id or device.revoked_at:
        raise Refused(ErrorCode.NOT_FOUND)
    sign_in.sign_out(context.tx, device, context.now_s)
    return Done()
