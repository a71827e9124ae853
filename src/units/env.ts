/** The environment of our children: what programs need to find their way, and nothing that steers them. */

const kept =
  /^(PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_.*|TZ|TERM|TMPDIR|TMP|TEMP|DISPLAY|XAUTHORITY|WAYLAND_DISPLAY|XDG_RUNTIME_DIR|DBUS_SESSION_BUS_ADDRESS|PULSE_.*|ALSA_.*|LD_LIBRARY_PATH|DYLD_.*|SSL_CERT_(FILE|DIR)|FONTCONFIG_.*|LIBVA_.*|CUDA_.*|NVIDIA_.*|(https?|no|all)_proxy|SYSTEMROOT|WINDIR|COMSPEC|PATHEXT|APPDATA|LOCALAPPDATA|USERPROFILE|PROGRAMDATA)$/i;

/** MediaMTX takes any option from MTX_* and RTSP_*, so a list of what stays is safer than one of what goes. */
export function childEnv(from: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(from).filter(([name]) => kept.test(name)));
}
