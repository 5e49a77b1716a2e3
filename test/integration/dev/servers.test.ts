import { expect, test } from 'vitest';
import { freshTopic, sharedRocketmq, freshDatabase } from '../../support/servers.ts';
import { drainTopic } from '../../support/drain-topic.ts';
import { Producer } from 'rocketmq-client-nodejs';
test('x', async () => {
  const t0=performance.now(); const T=(s:string)=>console.log(((performance.now()-t0)/1000).toFixed(2),s);
  const d = await freshDatabase(); T('db'); await d.connection.query('create table a(id int)'); await d.drop(); T('drop');
  const { topic, group } = await freshTopic();T('topic');
  const p=new Producer({endpoints:sharedRocketmq().endpoint,namespace:'',topics:[topic],maxAttempts:1}); await p.startup();
  await Promise.all([0,1,2,3,4,5,6,7].map(async (l)=>{for(let i=0;i<100;i++) await p.send({topic,tag:'a.b',keys:['k'+i],body:Buffer.from(`${i}`),messageGroup:'l'+l});})); await p.shutdown(); T('sent');
  const m = await drainTopic({topic,group,until:(m)=>m.length>=800}); T('drained');
  for(let l=0;l<8;l++) expect(m.filter(x=>x.lane==='l'+l).map(x=>x.body.toString())).toEqual(Array.from({length:100},(_,i)=>String(i)));
});
