/** As global-setup.ts, with the newer RocketMQ. */
process.env['ROCKETMQ'] = '5.4';

export { setup, teardown } from './global-setup.ts';
