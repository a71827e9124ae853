/** Which decoders and encoders of graphics cards are tried, in which order. */
import {
  AV_HWDEVICE_TYPE_CUDA,
  AV_HWDEVICE_TYPE_QSV,
  AV_HWDEVICE_TYPE_VAAPI,
  AV_HWDEVICE_TYPE_VIDEOTOOLBOX,
  type AVHWDeviceType,
} from 'node-av/constants';
import { HardwareDeviceContext } from 'node-av/lib';
import type { Hardware } from '../spec.ts';

export type Device = Exclude<Hardware, 'none' | 'auto'>;

const byPlatform: Partial<Record<NodeJS.Platform, Device[]>> = {
  linux: ['nvenc', 'vaapi', 'qsv'],
  win32: ['nvenc', 'qsv'],
  darwin: ['videotoolbox'],
};

/** The devices to try before software. */
export function deviceOrder(hardware: Hardware, platform: NodeJS.Platform): Device[] {
  if (hardware === 'none') return [];
  return hardware === 'auto' ? (byPlatform[platform] ?? []) : [hardware];
}

const types: Record<Device, AVHWDeviceType> = {
  nvenc: AV_HWDEVICE_TYPE_CUDA,
  vaapi: AV_HWDEVICE_TYPE_VAAPI,
  qsv: AV_HWDEVICE_TYPE_QSV,
  videotoolbox: AV_HWDEVICE_TYPE_VIDEOTOOLBOX,
};

export const deviceType = (device: Device): AVHWDeviceType => types[device];

/** Opens the device; undefined: this machine hasn't got it. */
export function openDevice(device: Device): HardwareDeviceContext | undefined {
  const context = new HardwareDeviceContext();
  if (context.create(types[device], null, null) >= 0) return context;
  return undefined;
}
